#include "runtime/init/handshake.h"

#include <charconv>
#include <cstring>

#include "sys/seqpacket.h"
#include "sys/weakness.h"

namespace myrt::init {
namespace {

// Everything of an Error fits into one packet: a text of a config may be of any length, and a
// report that is too long to be sent would leave the runtime process with nothing but an EOF.
constexpr std::size_t kMaxTextBytes = 16384;

void append_string(std::string& out, std::string_view text) {
  if (sys::weakened("without-length-check")) {
    const std::uint32_t wrapped = text.size() & 0xffffU;
    out.append(reinterpret_cast<const char*>(&wrapped), sizeof wrapped).append(text);
    return;
  }
  text = text.substr(0, kMaxTextBytes);
  const auto size = static_cast<std::uint32_t>(text.size());
  char bytes[sizeof size];
  std::memcpy(bytes, &size, sizeof size);
  out.append(bytes, sizeof size);
  out.append(text);
}

// Takes one length-prefixed string off the front of `rest`.
std::optional<std::string> take_string(std::string_view& rest) {
  std::uint32_t size = 0;
  if (rest.size() < sizeof size) return std::nullopt;
  std::memcpy(&size, rest.data(), sizeof size);
  rest.remove_prefix(sizeof size);
  if (rest.size() < size) return std::nullopt;
  std::string text(rest.substr(0, size));
  rest.remove_prefix(size);
  return text;
}

Error peer_is_gone(std::string_view waited_for) {
  return make_error(ErrorCode::protocol,
                    fmt::format("handshake: the peer exited before it sent `{}`", waited_for));
}

Error out_of_turn(Message got, std::string_view wanted) {
  return make_error(ErrorCode::protocol, fmt::format("handshake: got `{}` while waiting for `{}`",
                                                     to_string(got), wanted));
}

}  // namespace

std::string_view to_string(Message message) {
  switch (message) {
    case Message::proceed:
      return "proceed";
    case Message::runtime_hooks_needed:
      return "runtime_hooks_needed";
    case Message::runtime_hooks_done:
      return "runtime_hooks_done";
    case Message::ready:
      return "ready";
    case Message::committed:
      return "committed";
    case Message::start:
      return "start";
    case Message::let_go:
      return "let_go";
    case Message::failed:
      return "failed";
    case Message::id_mapping_needed:
      return "id_mapping_needed";
    case Message::id_mapping_done:
      return "id_mapping_done";
  }
  return "unknown";
}

std::string encode_error(const Error& error) {
  std::string bytes;
  bytes.push_back(static_cast<char>(error.code));
  bytes.push_back(static_cast<char>(error.phase));
  append_string(bytes, fmt::format("{}", error.errno_value));
  append_string(bytes, error.syscall);
  append_string(bytes, error.pointer);
  append_string(bytes, error.message);
  return bytes;
}

std::optional<Error> decode_error(std::string_view bytes) {
  if (bytes.size() < 2) return std::nullopt;
  const auto code = static_cast<std::uint8_t>(bytes[0]);
  const auto phase = static_cast<std::uint8_t>(bytes[1]);
  if (code > static_cast<std::uint8_t>(kLastErrorCode)) return std::nullopt;
  if (phase > static_cast<std::uint8_t>(kLastPhase)) return std::nullopt;
  Error error;
  error.code = static_cast<ErrorCode>(code);
  error.phase = static_cast<Phase>(phase);
  std::string_view rest = bytes.substr(2);
  const auto number = take_string(rest);
  auto syscall = take_string(rest);
  auto pointer = take_string(rest);
  auto message = take_string(rest);
  if (!number || !syscall || !pointer || !message || !rest.empty()) return std::nullopt;
  const auto parsed =
      std::from_chars(number->data(), number->data() + number->size(), error.errno_value);
  if (parsed.ec != std::errc() || parsed.ptr != number->data() + number->size())
    return std::nullopt;
  error.syscall = std::move(*syscall);
  error.pointer = std::move(*pointer);
  error.message = std::move(*message);
  return error;
}

Result<std::pair<Channel, Channel>> Channel::pair() {
  auto sockets = TRY(sys::seqpacket_pair());
  return std::pair(Channel(std::move(sockets.first)), Channel(std::move(sockets.second)));
}

Result<> Channel::send(Message message, std::string_view payload, int fd) {
  std::string bytes(1, static_cast<char>(message));
  bytes.append(payload);
  if (fd >= 0) return sys::send_packet(socket_.get(), bytes, {fd});
  return sys::send_packet(socket_.get(), bytes);
}

Result<> Channel::bound_waits(std::chrono::milliseconds bound) {
  bound_ = bound;
  return sys::bound_receives(socket_.get(), bound);
}

Result<std::optional<Channel::Received>> Channel::receive(std::string_view waited_for) {
  auto arrived = sys::receive_packet(socket_.get());
  if (!arrived.ok() && arrived.error().code == ErrorCode::timeout) {
    arrived.error().message =
        fmt::format("handshake: waited {} ms for `{}`", bound_.count(), waited_for);
  }
  auto packet = TRY(std::move(arrived));
  if (!packet) return std::optional<Received>();
  if (packet->bytes.empty()) return make_error(ErrorCode::protocol, "handshake: empty message");
  const auto message = static_cast<Message>(packet->bytes[0]);
  std::string payload = packet->bytes.substr(1);
  if (message == Message::failed) {
    auto error = decode_error(payload);
    if (!error) return make_error(ErrorCode::protocol, "handshake: malformed error report");
    return std::move(*error);
  }
  Received received{message, std::move(payload), {}};
  if (!packet->fds.empty()) received.fd = std::move(packet->fds.front());
  return std::optional<Received>(std::move(received));
}

Result<Channel::Received> Channel::expect(Message wanted) {
  auto received = TRY(receive(to_string(wanted)));
  if (!received) return peer_is_gone(to_string(wanted));
  if (received->message != wanted) return out_of_turn(received->message, to_string(wanted));
  return std::move(*received);
}

Result<> Channel::send_proceed(pid_t host_pid) {
  return send(Message::proceed, fmt::format_int(host_pid).c_str());
}

Result<pid_t> Channel::wait_for_proceed() {
  const Received received = TRY(expect(Message::proceed));
  pid_t pid = 0;
  const char* end = received.payload.data() + received.payload.size();
  if (std::from_chars(received.payload.data(), end, pid).ptr != end || pid <= 0) {
    return make_error(ErrorCode::protocol, "handshake: `proceed` without a pid");
  }
  return pid;
}

Result<Message> Channel::wait_for_hooks_or_ready(Ready& ready) {
  auto received = TRY(receive(to_string(Message::ready)));
  if (!received) return peer_is_gone(to_string(Message::ready));
  if (received->message == Message::ready) {
    ready.terminal = std::move(received->fd);
  } else if (received->message == Message::id_mapping_needed) {
    ready.tree = std::move(received->fd);
    const char* end = received->payload.data() + received->payload.size();
    if (std::from_chars(received->payload.data(), end, ready.step).ptr != end ||
        !ready.tree.valid()) {
      return make_error(ErrorCode::protocol, "handshake: `id_mapping_needed` without a tree");
    }
  } else if (received->message != Message::runtime_hooks_needed) {
    return out_of_turn(received->message, to_string(Message::ready));
  }
  return received->message;
}

Result<> Channel::send_runtime_hooks_done() { return send(Message::runtime_hooks_done); }
Result<> Channel::send_id_mapping_done() { return send(Message::id_mapping_done); }
Result<> Channel::send_committed() { return send(Message::committed); }
Result<> Channel::send_start() { return send(Message::start); }

Result<> Channel::wait_for_execve() {
  const auto received = TRY(receive("execve"));
  if (received) return out_of_turn(received->message, "execve");
  return {};
}

Result<> Channel::request_runtime_hooks() {
  TRY(send(Message::runtime_hooks_needed));
  TRY(expect(Message::runtime_hooks_done));
  return {};
}

Result<> Channel::request_id_mapping(std::size_t step, int tree_fd) {
  TRY(send(Message::id_mapping_needed, fmt::format_int(step).c_str(), tree_fd));
  TRY(expect(Message::id_mapping_done));
  return {};
}

Result<> Channel::send_ready(int terminal_fd) { return send(Message::ready, {}, terminal_fd); }

Result<> Channel::send_let_go() { return send(Message::let_go); }

Result<> Channel::wait_for_let_go() {
  TRY(expect(Message::let_go));
  return {};
}

Result<> Channel::wait_for_committed() {
  TRY(expect(Message::committed));
  return {};
}

Result<bool> Channel::wait_for_start() {
  const auto received = TRY(receive(to_string(Message::start)));
  if (!received) return false;
  if (received->message != Message::start) {
    return out_of_turn(received->message, to_string(Message::start));
  }
  return true;
}

void Channel::send_failed(const Error& error) {
  ignore(send(Message::failed, encode_error(error)),
         "the peer may be gone, and nobody else listens");
}

}  // namespace myrt::init
