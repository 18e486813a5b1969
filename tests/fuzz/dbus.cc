// What a bus daemon answers and what annotations ask of systemd: messages, a connection, addresses,
// units, GVariant. The first letter chooses.
#include <sys/socket.h>

#include <array>

#include "cgroups/systemd/connection.h"
#include "cgroups/systemd/message.h"
#include "cgroups/systemd/properties.h"
#include "cgroups/systemd/unit.h"
#include "sys/files.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace myrt;
using cgroups::systemd::Value;

constexpr std::size_t kMaxMessages = 8;

void check_message(const cgroups::systemd::Message& message) {
  for (std::size_t count = 1; count < 5; ++count) {
    const auto arguments = cgroups::systemd::leading_arguments(message, count);
    if (!arguments.ok()) return fuzz::check_error(arguments.error(), {ErrorCode::protocol});
    HOLDS(arguments->size() == count, message.signature);
  }
}

void message(fuzz::Input input) {
  const auto size = cgroups::systemd::message_size(input.rest());
  if (!size.ok()) return fuzz::check_error(size.error(), {ErrorCode::protocol});
  const auto decoded = cgroups::systemd::decode(input.rest());
  if (!decoded.ok()) return fuzz::check_error(decoded.error(), {ErrorCode::protocol});
  HOLDS(*size == input.rest().size(), "decoded with another size");
  check_message(*decoded);
}

// What we encode is one whole message, whatever is in the strings.
void call(fuzz::Input input) {
  cgroups::systemd::Call call;
  call.member = input.line();
  call.interface = input.line();
  call.path = input.line();
  call.destination = input.line();
  constexpr std::size_t kMaxArguments = 255;  // a signature is not longer
  for (const std::string& line : input.lines()) {
    if (call.arguments.size() == kMaxArguments) break;
    call.arguments.push_back(cgroups::systemd::string(line));
  }
  const std::string bytes = cgroups::systemd::encode(call, 7);
  const auto size = cgroups::systemd::message_size(bytes);
  if (!size.ok()) return;  // longer than an answer can be
  HOLDS(*size == bytes.size(), "another size");
  const auto decoded = cgroups::systemd::decode(bytes);
  HOLDS(decoded.ok(), decoded.error().message);
  HOLDS(decoded->member == call.member && decoded->interface == call.interface, call.member);
  const auto arguments = cgroups::systemd::leading_arguments(*decoded, call.arguments.size());
  HOLDS(arguments.ok() && arguments->size() == call.arguments.size(), call.member);
  for (std::size_t i = 0; i < arguments->size(); ++i) {
    HOLDS((*arguments)[i] == call.arguments[i].text, call.arguments[i].text);
  }
}

// The daemon has said all of it and gone.
void connection(fuzz::Input input) {
  std::array<int, 2> ends = {-1, -1};
  HOLDS(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0, "no sockets");
  cgroups::systemd::Connection bus(sys::UniqueFd(ends[0]), std::chrono::seconds(5));
  {
    const sys::UniqueFd daemon(ends[1]);
    if (!sys::write_all(daemon.get(), input.rest().substr(0, 65536), "bus").ok()) return;
    ::shutdown(daemon.get(), SHUT_WR);
    bus.queue(
        {.destination = "a.b", .path = "/", .interface = "a.b", .member = "M", .arguments = {}});
    for (std::size_t i = 0; i < kMaxMessages; ++i) {
      const auto received = bus.receive();
      if (!received.ok()) {
        return fuzz::check_error(received.error(),
                                 {ErrorCode::protocol, ErrorCode::unsupported, ErrorCode::system});
      }
      check_message(*received);
    }
  }
}

void address(fuzz::Input input) {
  const auto path = cgroups::systemd::socket_path(input.rest());
  if (!path.ok()) fuzz::check_error(path.error(), {ErrorCode::unsupported});
}

void unit(fuzz::Input input) {
  const std::string id = input.line();
  const auto unit = cgroups::systemd::unit_of(input.rest(), id, "system.slice");
  if (!unit.ok()) return fuzz::check_error(unit.error(), {ErrorCode::invalid_config});
  HOLDS(unit->name.find('/') == std::string::npos && unit->name.size() < 256, unit->name);
  HOLDS(unit->slice.ends_with(".slice"), unit->slice);
  HOLDS(unit->path.starts_with('/') && unit->path.ends_with("/" + unit->name), unit->path);
  HOLDS((unit->path + "/").find("/../") == std::string::npos, unit->path);
}

// The length of the one complete type at the front; 0: there is none (D-Bus specification, "Type
// System").
std::size_t complete_type(std::string_view signature) {
  if (signature.empty()) return 0;
  if (std::string_view("ybnqiuxtdsogv").find(signature.front()) != std::string_view::npos) return 1;
  if (signature.front() == 'a') {
    const std::size_t element = complete_type(signature.substr(1));
    return element == 0 ? 0 : 1 + element;
  }
  if (signature.front() != '(') return 0;
  std::size_t end = 1;
  while (end < signature.size() && signature[end] != ')') {
    const std::size_t member = complete_type(signature.substr(end));
    if (member == 0) return 0;
    end += member;
  }
  return end > 1 && end < signature.size() ? end + 1 : 0;
}

bool is_whole(const Value& value) {
  if (complete_type(value.signature) != value.signature.size()) return false;
  for (const Value& element : value.elements) {
    if (!is_whole(element)) return false;
  }
  return true;
}

// Every type is said, so that nothing has to be guessed.
std::string print(const Value& value) {
  const char type = value.signature.front();
  if (type != 'a' && type != '(') {
    const bool is_text = type == 's' || type == 'o' || type == 'g';
    if (!is_text) return fmt::format("@{} {}", type, cgroups::systemd::to_string(value));
    std::string quoted = "'";
    for (const char c : value.text) {
      if (c == '\'' || c == '\\') quoted += '\\';
      quoted += c;
    }
    return fmt::format("@{} {}'", type, quoted);
  }
  std::string text = type == 'a' ? fmt::format("@{} [", value.signature) : "(";
  for (std::size_t i = 0; i < value.elements.size(); ++i) {
    text += (i == 0 ? "" : ", ") + print(value.elements[i]);
  }
  return text + (type == 'a' ? ']' : ')');
}

bool has_special_number(const Value& value) {
  bool special = value.signature == "d" || (value.signature == "t" && value.number == UINT64_MAX);
  for (const Value& element : value.elements) special |= has_special_number(element);
  return special;
}

void property(fuzz::Input input) {
  const auto value = cgroups::systemd::parse_value(input.rest());
  if (value.ok()) {
    HOLDS(is_whole(*value), value->signature);
    const auto again = cgroups::systemd::parse_value(print(*value));
    // Saying every type may be too deep for the parser.
    if (again.ok() && !has_special_number(*value)) HOLDS(*again == *value, print(*value));
  } else {
    fuzz::check_error(value.error(), {ErrorCode::invalid_argument});
  }
  const std::string name = "org.systemd.property." + input.line();
  const auto annotated =
      cgroups::systemd::annotated_properties({{name, std::string(input.rest())}});
  if (!annotated.ok()) fuzz::check_error(annotated.error(), {ErrorCode::invalid_config});
}

constexpr std::array kReaders = {message, call, connection, address, unit, property};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  myrt::fuzz::Input input(data, size);
  kReaders.at(input.choice(kReaders.size()))(input);
  return 0;
}
