// The D-Bus client: what it writes, byte for byte, and what it makes of answers. The expected bytes
// come from an encoder of their own.
#include <sys/socket.h>

#include "cgroups/systemd/unit_jobs.h"
#include "sys/files.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace myrt::cgroups::systemd {
namespace {

using namespace std::string_literals;
using std::chrono::milliseconds;

constexpr milliseconds kLong{20000};

// clang-format off
constexpr std::string_view kAuthentication("\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n", 29);
constexpr std::string_view kHello(
    "l\001\000\001\000\000\000\000\001\000\000\000m\000\000\000\001\001o\000\025\000\000"
    "\000/org/freedesktop/DBus\000\000\000\002\001s\000\024\000\000\000org.freedesktop"
    ".DBus\000\000\000\000\003\001s\000\005\000\000\000Hello\000\000\000\006\001s\000\024"
    "\000\000\000org.freedesktop.DBus\000\000\000\000",
    128);
constexpr std::string_view kMatch(
    "l\001\001\001\245\000\000\000\002\000\000\000\177\000\000\000\001\001o\000\025\000"
    "\000\000/org/freedesktop/DBus\000\000\000\002\001s\000\024\000\000\000org.freedes"
    "ktop.DBus\000\000\000\000\003\001s\000\010\000\000\000AddMatch\000\000\000\000\000"
    "\000\000\000\006\001s\000\024\000\000\000org.freedesktop.DBus\000\000\000\000\010"
    "\001g\000\001s\000\000\240\000\000\000type='signal',sender='org.freedesktop.syste"
    "md1',path='/org/freedesktop/systemd1',interface='org.freedesktop.systemd1.Manager"
    "',member='JobRemoved',arg2='x.scope'\000",
    309);
constexpr std::string_view kStart(
    "l\001\000\001\270\000\000\000\003\000\000\000\266\000\000\000\001\001o\000\031\000"
    "\000\000/org/freedesktop/systemd1\000\000\000\000\000\000\000\002\001s\000 \000\000"
    "\000org.freedesktop.systemd1.Manager\000\000\000\000\000\000\000\000\003\001s\000"
    "\022\000\000\000StartTransientUnit\000\000\000\000\000\000\006\001s\000\030\000\000"
    "\000org.freedesktop.systemd1\000\000\000\000\000\000\000\000\010\001g\000\020ssa("
    "sv)a(sa(sv))\000\000\000\007\000\000\000x.scope\000\004\000\000\000fail\000\000\000"
    "\000\220\000\000\000\000\000\000\000\005\000\000\000Slice\000\001s\000\000\000\000"
    "\007\000\000\000a.slice\000\000\000\000\000\010\000\000\000Delegate\000\001b\000\001"
    "\000\000\000\000\000\000\000\011\000\000\000MemoryMax\000\001t\000\000\000\000\000"
    "\000\000\000\000\000\000\004\000\000\000\000\013\000\000\000AllowedCPUs\000\002ay"
    "\000\001\000\000\000\005\000\000\000\000\000\000\000\004\000\000\000PIDs\000\002a"
    "u\000\000\000\000\004\000\000\000\341\020\000\000\000\000\000\000\000\000\000\000",
    384);
// clang-format on

Properties start_properties() {
  return {{"Slice", string("a.slice")},
          {"Delegate", boolean(true)},
          {"MemoryMax", uint64(67108864)},
          {"AllowedCPUs", bytes("\5")},
          {"PIDs", array("u", {uint32(4321)})}};
}

std::string little_endian(std::size_t number) {
  std::string text;
  for (unsigned shift = 0; shift < 32; shift += 8) {
    text += static_cast<char>(number >> shift & 0xff);
  }
  return text;
}

std::string wire_string(const std::string& text) {
  std::string bytes = little_endian(text.size()) + text + '\0';
  bytes.resize((bytes.size() + 3) / 4 * 4, '\0');
  return bytes;
}

// A message of the daemon with the fields that the client looks at.
std::string from_bus(MessageType type, std::uint32_t reply_serial, const std::string& name,
                     const std::string& signature, const std::string& body) {
  std::string fields;
  const auto add = [&](char code, const std::string& type_text, const std::string& value) {
    fields.resize((fields.size() + 7) / 8 * 8, '\0');
    fields += code;
    fields += '\1';
    fields += type_text + '\0' + value;
  };
  if (reply_serial != 0) add('\5', "u", little_endian(reply_serial));
  if (type == MessageType::error) add('\4', "s", little_endian(name.size()) + name + '\0');
  if (type == MessageType::signal) add('\3', "s", little_endian(name.size()) + name + '\0');
  if (!signature.empty()) {
    add('\10', "g", std::string(1, static_cast<char>(signature.size())) + signature + '\0');
  }
  std::string bytes = "l"s + static_cast<char>(type) + "\0\1"s + little_endian(body.size()) +
                      little_endian(7) + little_endian(fields.size()) + fields;
  bytes.resize((bytes.size() + 7) / 8 * 8, '\0');
  return bytes + body;
}

std::string job_removed(const std::string& job, const std::string& result) {
  return from_bus(
      MessageType::signal, 0, "JobRemoved", "uoss",
      little_endian(1) + wire_string(job) + wire_string("x.scope") + wire_string(result));
}
std::string reply(std::uint32_t serial, const std::string& signature, const std::string& body) {
  return from_bus(MessageType::method_return, serial, "", signature, body);
}
std::string refusal(std::uint32_t serial, const std::string& name, const std::string& text) {
  return from_bus(MessageType::error, serial, name, "s", wire_string(text));
}
const std::string kWelcome =
    "DATA\r\nOK 0123456789abcdef\r\n" + reply(1, "s", wire_string(":1.7")) +
    from_bus(MessageType::signal, 0, "NameAcquired", "s", wire_string(":1.7"));

// A bus that has said all it will say before it is asked: the client never waits in between.
class Bus {
 public:
  explicit Bus(const std::string& answers) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    client_ = sys::UniqueFd(ends[0]);
    server_ = sys::UniqueFd(ends[1]);
    REQUIRE(sys::write_all(server_.get(), answers, "answers").ok());
  }
  Connection connection(milliseconds bound = kLong) { return {std::move(client_), bound}; }
  void hang_up() { REQUIRE(::shutdown(server_.get(), SHUT_WR) == 0); }
  // What the client wrote. To be asked when its end is closed.
  std::string written() { return sys::read_all(server_.get(), "the bus").value(); }

 private:
  sys::UniqueFd client_, server_;
};

}  // namespace

TEST_CASE("a unit is started with three calls in one write", "[cgroups][systemd][CGP-13]") {
  Bus bus(kWelcome + reply(3, "o", wire_string("/job/8")) + job_removed("/job/8", "done"));
  const Result<> started = start_unit(bus.connection(), "x.scope", start_properties());
  REQUIRE(started.ok());
  const std::string written = bus.written();
  CHECK(written == std::string(kAuthentication) + std::string(kHello) + std::string(kMatch) +
                       std::string(kStart));
}

TEST_CASE("only the end of our own job counts, also before its name is known",
          "[cgroups][systemd]") {
  Bus early(kWelcome + job_removed("/job/7", "failed") + job_removed("/job/8", "done") +
            reply(3, "o", wire_string("/job/8")));
  CHECK(start_unit(early.connection(), "x.scope", {}).ok());
  Bus late(kWelcome + reply(3, "o", wire_string("/job/8")) + job_removed("/job/7", "failed") +
           job_removed("/job/8", "done"));
  CHECK(start_unit(late.connection(), "x.scope", {}).ok());
}

TEST_CASE("a job that fails is an error with its result", "[cgroups][systemd]") {
  Bus bus(kWelcome + reply(3, "o", wire_string("/job/8")) + job_removed("/job/8", "timeout"));
  CHECK(start_unit(bus.connection(), "x.scope", {}).error().message ==
        "start unit `x.scope`: systemd, unit `x.scope`: StartTransientUnit ended with `timeout`");
}

TEST_CASE("errors of systemd come with their name and text", "[cgroups][systemd]") {
  Bus exists(kWelcome +
             refusal(3, "org.freedesktop.systemd1.UnitExists", "Unit x.scope was already loaded."));
  const Error error = start_unit(exists.connection(), "x.scope", {}).error();
  CHECK(error.code == ErrorCode::already_exists);
  CHECK(error.message ==
        "start unit `x.scope`: systemd, unit `x.scope`: org.freedesktop.systemd1.UnitExists: "
        "Unit x.scope was already loaded.");
  Bus denied(kWelcome + refusal(2, "org.freedesktop.DBus.Error.AccessDenied", "no"));
  CHECK(set_properties(denied.connection(), "x.scope", {}).error().message ==
        "change unit `x.scope`: systemd, unit `x.scope`: "
        "org.freedesktop.DBus.Error.AccessDenied: no");
}

TEST_CASE("properties are set when systemd answers once more", "[cgroups][systemd]") {
  Bus once(kWelcome + reply(2, "", ""));
  CHECK(set_properties(once.connection(milliseconds(50)), "x.scope", {}).error().code ==
        ErrorCode::timeout);
  const std::string written = once.written();
  CHECK(written.find("SetUnitProperties") < written.find("Ping"));
  CHECK(written.find("org.freedesktop.DBus.Peer") != std::string::npos);
  Bus twice(kWelcome + reply(2, "", "") + reply(3, "", ""));
  CHECK(set_properties(twice.connection(), "x.scope", {}).ok());
}

TEST_CASE("a unit that is not there is stopped already", "[cgroups][systemd]") {
  Bus gone(kWelcome +
           refusal(3, "org.freedesktop.systemd1.NoSuchUnit", "Unit x.scope not loaded."));
  CHECK(stop_unit(gone.connection(), "x.scope").ok());
  Bus other(kWelcome + refusal(3, "org.freedesktop.DBus.Error.Failed", "x"));
  CHECK_FALSE(stop_unit(other.connection(), "x.scope").ok());
}

TEST_CASE("the manager says where its units are", "[cgroups][systemd]") {
  Bus bus(kWelcome + reply(2, "v", "\1s\0\0"s + wire_string("/user.slice/user@1000.service")));
  CHECK(control_group(bus.connection()).value() == "/user.slice/user@1000.service");
}

TEST_CASE("a bus that refuses us, hangs up or keeps silent is told apart", "[cgroups][systemd]") {
  Bus refuses("REJECTED EXTERNAL\r\n");
  CHECK(start_unit(refuses.connection(), "x.scope", {}).error().message ==
        "start unit `x.scope`: the bus does not let this user in: `REJECTED EXTERNAL`");
  Bus hangs_up(kWelcome);
  hangs_up.hang_up();
  CHECK(start_unit(hangs_up.connection(), "x.scope", {}).error().code == ErrorCode::protocol);
  Bus silent(kWelcome);
  const Error error = start_unit(silent.connection(milliseconds(20)), "x.scope", {}).error();
  CHECK(error.code == ErrorCode::timeout);
  CHECK(error.message == "start unit `x.scope`: no answer from the bus within 20 ms");
}

TEST_CASE("without a bus the error says so, and not what engines match", "[cgroups][systemd]") {
  const test::TempDir dir;
  const auto refused = Connection::open("unix:path=" + (dir / "bus"), kLong);
  CHECK(refused.error().code == ErrorCode::unsupported);
  CHECK(refused.error().message == "there is no D-Bus daemon at `" + (dir / "bus") + "`");
  CHECK(Connection::open("tcp:host=a,port=1", kLong).error().code == ErrorCode::unsupported);
}

TEST_CASE("the socket of a bus address", "[cgroups][systemd]") {
  CHECK(socket_path("unix:path=/run/user/1000/bus").value() == "/run/user/1000/bus");
  CHECK(socket_path("tcp:host=a;unix:guid=1,path=/a%20b%2fc;unix:path=/d").value() == "/a b/c");
  CHECK_FALSE(socket_path("unix:abstract=/tmp/x").ok());
  CHECK_FALSE(socket_path("").ok());
}

TEST_CASE("messages with wrong lengths are refused", "[cgroups][systemd]") {
  const std::string good = reply(3, "o", wire_string("/job/8"));
  REQUIRE(decode(good).ok());
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_FALSE(decode(good.substr(0, size)).ok());
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char byte : {'\0', '\x7f', '\xff'}) {
      std::string bad = good;
      bad[at] = byte;
      const auto message = decode(bad);  // any answer will do, within the bytes
      if (message.ok()) (void)leading_arguments(*message, 1);
    }
  }
  CHECK_FALSE(message_size("B"s + good.substr(1)).ok());
  CHECK_FALSE(message_size(good.substr(0, 4) + "\xff\xff\xff\x7f" + good.substr(8)).ok());
  CHECK(message_size(good.substr(0, 15)).value() == std::nullopt);
}

}  // namespace myrt::cgroups::systemd
