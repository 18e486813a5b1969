#include "cgroups/systemd/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "sys/seqpacket.h"

namespace myrt::cgroups::systemd {
namespace {

constexpr std::string_view kEndOfLine = "\r\n";
constexpr std::size_t kLongestLine = 4096;
constexpr std::size_t kReadSize = 4096;

// The empty DATA is "whoever the kernel says I am": a uid in the text would be wrong in a user
// namespace.
constexpr std::string_view kAuthentication =
    std::string_view("\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n", 29);

// The bytes behind `%2f`, as the D-Bus specification has them in addresses.
std::string unescaped(std::string_view text) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
        digit(text[i + 2]) >= 0) {
      result += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

}  // namespace

Result<std::string> socket_path(std::string_view address) {
  constexpr std::string_view kTransport = "unix:";
  constexpr std::string_view kKey = "path=";
  for (std::string_view rest = address; !rest.empty();) {
    const std::size_t semicolon = rest.find(';');
    std::string_view one = rest.substr(0, semicolon);
    rest.remove_prefix(semicolon == std::string_view::npos ? rest.size() : semicolon + 1);
    if (!one.starts_with(kTransport)) continue;
    one.remove_prefix(kTransport.size());
    while (!one.empty()) {
      const std::size_t comma = one.find(',');
      const std::string_view pair = one.substr(0, comma);
      if (pair.starts_with(kKey)) return unescaped(pair.substr(kKey.size()));
      one.remove_prefix(comma == std::string_view::npos ? one.size() : comma + 1);
    }
  }
  return make_error(ErrorCode::unsupported,
                    fmt::format("bus address `{}`: expected `unix:path=PATH`", address));
}

Result<Connection> Connection::open(const std::string& address, std::chrono::milliseconds bound) {
  const std::string path = TRY(socket_path(address));
  Result<sys::UniqueFd> socket = sys::connect_unix(path, bound);
  if (socket.ok()) return Connection(std::move(socket).value(), bound);
  const int error = socket.error().errno_value;
  // The words of ENOENT are avoided: engines take them for a missing executable.
  if (error != ENOENT && error != ECONNREFUSED) return std::move(socket).error();
  return make_error(ErrorCode::unsupported, fmt::format("there is no D-Bus daemon at `{}`", path));
}

Connection::Connection(sys::UniqueFd socket, std::chrono::milliseconds bound)
    : socket_(std::move(socket)),
      deadline_(Clock::now() + bound),
      bound_(bound),
      outgoing_(kAuthentication) {
  // The first call of every client; its answer, our name, is of no use here.
  queue({.destination = "org.freedesktop.DBus",
         .path = "/org/freedesktop/DBus",
         .interface = "org.freedesktop.DBus",
         .member = "Hello",
         .arguments = {}});
}

std::uint32_t Connection::queue(const Call& call) {
  outgoing_ += encode(call, ++last_serial_);
  return last_serial_;
}

// The socket has a bound of its own for sending; our few kilobytes fit its buffer in any case.
Result<> Connection::flush() {
  while (!outgoing_.empty()) {
    const ssize_t sent = ::send(socket_.get(), outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno_error("send", "write to the bus");
    outgoing_.erase(0, static_cast<std::size_t>(sent));
  }
  return {};
}

Result<> Connection::read_more() {
  TRY(flush());
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now());
    pollfd wait = {.fd = socket_.get(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return errno_error("poll", "wait for the bus");
    if (ready == 0) {
      return make_error(ErrorCode::timeout,
                        fmt::format("no answer from the bus within {} ms", bound_.count()));
    }
    const std::size_t before = incoming_.size();
    incoming_.resize(before + kReadSize);
    const ssize_t got = ::recv(socket_.get(), incoming_.data() + before, kReadSize, 0);
    const int error = errno;
    incoming_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got > 0) return {};
    if (got == 0) return make_error(ErrorCode::protocol, "the bus closed the connection");
    if (error != EINTR) return errno_error("recv", "read from the bus", error);
  }
}

Result<std::string> Connection::take_line() {
  while (true) {
    const std::size_t end = incoming_.find(kEndOfLine);
    if (end != std::string::npos) {
      std::string line = incoming_.substr(0, end);
      incoming_.erase(0, end + kEndOfLine.size());
      return line;
    }
    if (incoming_.size() > kLongestLine) {
      return make_error(ErrorCode::protocol, "what answers on the bus's socket is no D-Bus daemon");
    }
    TRY(read_more());
  }
}

Result<> Connection::finish_authentication() {
  // "DATA" asks for what the second line has given already.
  std::string line = TRY(take_line());
  if (line == "DATA" || line.starts_with("DATA ")) line = TRY(take_line());
  if (!line.starts_with("OK")) {
    return make_error(ErrorCode::system,
                      fmt::format("the bus does not let this user in: `{:.100}`", line));
  }
  authenticated_ = true;
  return {};
}

Result<Message> Connection::receive() {
  if (!authenticated_) TRY(finish_authentication());
  while (true) {
    const std::optional<std::size_t> size = TRY(message_size(incoming_));
    if (size && incoming_.size() >= *size) {
      Result<Message> message = decode(std::string_view(incoming_).substr(0, *size));
      incoming_.erase(0, *size);
      return message;
    }
    TRY(read_more());
  }
}

}  // namespace myrt::cgroups::systemd
