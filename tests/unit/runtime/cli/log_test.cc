#include "runtime/cli/log.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>

#include "runtime/cli/error_texts.h"
#include "sys/unique_fd.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/runtime/cli/command_line_of.h"

using namespace myrt;
using namespace myrt::cli;
using myrt::test::ParsedWords;
using myrt::test::TempDir;

namespace {

Error mount_error() {
  return {.code = ErrorCode::system,
          .phase = Phase::mounts,
          .errno_value = EPERM,
          .syscall = "mount",
          .pointer = "/mounts/0",
          .message = "mounts[0]: mount `proc` to `/proc`: operation not permitted"};
}

// A log whose standard error is a file of the directory.
struct LogFixture {
  explicit LogFixture(std::initializer_list<const char*> globals)
      : words(globals),
        settings(*log_settings(words.line.globals)),
        standard_error(
            ::open((directory / "stderr").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600)) {
    if (!settings.operand.empty()) settings.operand = directory / settings.operand;
  }
  Log log() const { return Log(settings, standard_error.get()); }
  std::string printed() const { return directory.read("stderr"); }

  TempDir directory;
  ParsedWords words;
  LogSettings settings;
  sys::UniqueFd standard_error;
};

// A datagram socket as syslogd or journald has it.
struct Daemon {
  explicit Daemon(const std::string& path) : socket(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  }
  std::string receive() const {
    std::array<char, 4096> buffer;
    const auto size = ::recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    return size < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(size));
  }
  sys::UniqueFd socket;
};

}  // namespace

TEST_CASE("a text line is one that logrus would write", "[cli][contract-0.2]") {
  CHECK(text_line({.level = LogLevel::error,
                   .message = "exec: \"nosuch\": not found\n\xff\x01\u00e9",
                   .time = 1700000000}) ==
        "time=\"2023-11-14T22:13:20Z\" level=error "
        "msg=\"exec: \\\"nosuch\\\": not found\\n\\xff\\x01\u00e9\"\n");
}

TEST_CASE("Go's quoting leaves what can be read and escapes the rest", "[cli]") {
  CHECK(quote_for_go("plain") == "\"plain\"");
  CHECK(quote_for_go("\a\b\f\n\r\t\v\\\"") == "\"\\a\\b\\f\\n\\r\\t\\v\\\\\\\"\"");
  CHECK(quote_for_go("\x7f") == "\"\\x7f\"");
  CHECK(quote_for_go("\u2028") == "\"\\u2028\"");
  CHECK(quote_for_go("\u0085") == "\"\\u0085\"");
  CHECK(quote_for_go("\U0001F600") == "\"\U0001F600\"");
  CHECK(quote_for_go("\xed\xa0\x80") == "\"\\xed\\xa0\\x80\"");  // a surrogate
  CHECK(quote_for_go("\xc0\x80") == "\"\\xc0\\x80\"");           // an overlong zero
  CHECK(quote_for_go("\xe2\x82") == "\"\\xe2\\x82\"");           // cut off
}

TEST_CASE("a JSON line is one object with the keys that engines read first",
          "[cli][contract-0.3]") {
  const Error error = mount_error();
  const std::string line = json_line(
      {.level = LogLevel::error, .message = error.message, .time = 1700000000, .error = &error});

  CHECK(line ==
        "{\"level\":\"error\",\"msg\":\"mounts[0]: mount `proc` to `/proc`: operation not "
        "permitted\",\"time\":\"2023-11-14T22:13:20Z\",\"code\":\"system\",\"phase\":\"mounts\","
        "\"syscall\":\"mount\",\"errno\":1,\"error\":\"EPERM\",\"path\":\"/proc\","
        "\"pointer\":\"/mounts/0\",\"hint\":" +
            quote_for_json(hint_of(error)) + "}\n");
  CHECK(json_line({.level = LogLevel::debug, .message = "m", .time = 0}) ==
        "{\"level\":\"debug\",\"msg\":\"m\",\"time\":\"1970-01-01T00:00:00Z\"}\n");
}

TEST_CASE("a hint is the first that fits, or the remedy of the code", "[cli]") {
  Error error = make_error(ErrorCode::system, "write `config.json`: no space left on device");
  CHECK(hint_of(error) == code_texts()[0].remedy);
  error.errno_value = ENOSPC;
  error.phase = Phase::state;
  CHECK_THAT(std::string(hint_of(error)),
             Catch::Contains("filesystem of the state directory is full"));
  error.code = ErrorCode::not_found;
  CHECK_THAT(std::string(hint_of(error)), Catch::Contains("myrt list"));
}

TEST_CASE("the path of an error is its last absolute operand", "[cli]") {
  const auto path = [](std::string text) {
    return std::string(path_of(make_error(ErrorCode::system, std::move(text))));
  };
  CHECK(path("mount `proc` to `/proc`: operation not permitted") == "/proc");
  CHECK(path("create `web`: open `/a`: rename `/b` to `c`: x") == "/b");
  CHECK(path("write `1` to `x/y`: x").empty());
  CHECK(path("an operand that `/does not end").empty());
}

TEST_CASE("a JSON line can be decoded whatever bytes are in the message", "[cli][contract-0.3]") {
  std::string message;
  for (int byte = 0; byte < 256; ++byte) message += static_cast<char>(byte);
  message += "\u00e9\u2028\U0001F600";
  Error error = mount_error();
  error.pointer = message;

  const std::string line =
      json_line({.level = LogLevel::error, .message = message, .time = 0, .error = &error});

  CHECK(line.find('\n') == line.size() - 1);
  const auto decoded = nlohmann::json::parse(line);  // strict about UTF-8
  const std::string text = decoded.at("msg").get<std::string>();
  CHECK(text.substr(0, 128) == message.substr(0, 128));
  CHECK(text.substr(text.size() - 9) == "\u00e9\u2028\U0001F600");
}

TEST_CASE("levels, formats and targets come from the global options", "[cli][contract-5]") {
  const auto settings = [](std::initializer_list<const char*> words) {
    return log_settings(ParsedWords(words).line.globals);
  };
  CHECK(settings({"--debug"})->level == LogLevel::debug);
  CHECK(settings({"--log-level=warn"})->level == LogLevel::warning);
  CHECK(settings({"--debug=false"})->level == LogLevel::warning);
  CHECK(settings({"--log", "/l"})->level == LogLevel::error);
  CHECK(settings({"--log", "/l", "--log-level", "info"})->level == LogLevel::info);
  CHECK(settings({"--log", "/l"})->operand == "/l");
  CHECK(settings({"--log", "file:/l"})->operand == "/l");
  CHECK(settings({"--log="})->target == LogTarget::standard_error);
  CHECK(settings({"--log=journald:abc"})->target == LogTarget::journal);
  CHECK(settings({"--log=journald:abc"})->operand == "abc");
  CHECK(settings({"--log=syslog:"})->operand == "myrt");
  CHECK(settings({"--log-format=json"})->format == LogFormat::json);
  CHECK(settings({"--log-format=xml"}).error().message == "invalid log-format: xml");
  CHECK(settings({"--log-level=loud"}).error().message == "invalid log-level: loud");
}

TEST_CASE("without --log, standard error gets the line", "[cli][contract-0.2]") {
  const LogFixture fixture({});

  fixture.log().fail(mount_error());

  CHECK(fixture.printed().find(
            " level=error msg=\"mounts[0]: mount `proc` to `/proc`: operation not permitted\"\n") !=
        std::string::npos);
  CHECK(fixture.printed().rfind("time=\"20", 0) == 0);
}

TEST_CASE("with --log, the file gets the line and standard error the plain text",
          "[cli][contract-0.2][contract-0.4]") {
  const LogFixture fixture({"--log", "log.json", "--log-format=json"});
  fixture.directory.write("log.json", "{\"level\":\"debug\",\"msg\":\"before\"}\n");

  fixture.log().write(LogLevel::warning, "not asked for");
  fixture.log().fail(mount_error());

  CHECK(fixture.printed() == mount_error().message + "\n");
  const std::string log = fixture.directory.read("log.json");
  CHECK(log.rfind("{\"level\":\"debug\",\"msg\":\"before\"}\n{\"level\":\"error\",", 0) == 0);
  CHECK(std::count(log.begin(), log.end(), '\n') == 2);
}

TEST_CASE("a command with nothing to say leaves its log alone", "[cli][contract-0.5]") {
  const LogFixture fixture({"--log", "log.json"});

  fixture.log().write(LogLevel::debug, "not asked for");

  CHECK(::access((fixture.directory / "log.json").c_str(), F_OK) != 0);
  CHECK(fixture.printed().empty());
}

TEST_CASE("the log may be a pipe that is reached through /proc", "[cli][contract-0.5]") {
  std::array<int, 2> ends;
  REQUIRE(::pipe(ends.data()) == 0);
  const sys::UniqueFd read_end(ends[0]);
  const sys::UniqueFd write_end(ends[1]);
  LogFixture fixture({"--log", "x"});
  fixture.settings.operand = "/proc/self/fd/" + std::to_string(write_end.get());

  fixture.log().fail(mount_error());

  std::array<char, 4096> buffer;
  const auto size = ::read(read_end.get(), buffer.data(), buffer.size());
  REQUIRE(size > 0);
  CHECK(std::string(buffer.data(), static_cast<std::size_t>(size)).find("level=error") !=
        std::string::npos);
}

TEST_CASE("a log that cannot be written is reported beside the message", "[cli]") {
  const LogFixture fixture({"--log", "no/such/log", "--log-level=warning"});

  fixture.log().write(LogLevel::warning, "careful");
  CHECK(fixture.printed().find("level=warning msg=\"careful\"\nlog: open ") != std::string::npos);

  fixture.log().fail(mount_error());
  CHECK(fixture.printed().find(mount_error().message + "\nlog: open ") != std::string::npos);
}

TEST_CASE("syslog gets a packet with priority, identity and pid", "[cli][contract-5]") {
  CHECK(syslog_packet({.level = LogLevel::warning, .message = "m"}, "ctr1", 42) ==
        "<12>ctr1[42]: m");

  LogFixture fixture({"--log", "syslog:ctr1"});
  fixture.settings.syslog_socket = fixture.directory / "socket";
  const Daemon daemon(fixture.settings.syslog_socket);
  fixture.log().fail(mount_error());

  CHECK(daemon.receive().rfind("<11>", 0) == 0);
  CHECK(fixture.printed() == mount_error().message + "\n");
}

TEST_CASE("the journal gets fields, and a binary one for several lines", "[cli][contract-5]") {
  const Error error = mount_error();
  CHECK(journal_packet({.level = LogLevel::error, .message = "a\nb", .error = &error}, "ctr1") ==
        std::string("MESSAGE\n\3\0\0\0\0\0\0\0a\nb\n", 20) +
            "PRIORITY=3\nSYSLOG_IDENTIFIER=myrt\nID=ctr1\nMYRT_CODE=system\nMYRT_PHASE=mounts\n"
            "MYRT_SYSCALL=mount\nERRNO=1\nMYRT_PATH=/proc\nMYRT_POINTER=/mounts/0\nMYRT_HINT=" +
            std::string(hint_of(error)) + "\n");

  LogFixture fixture({"--log", "journald:ctr1"});
  fixture.settings.journal_socket = fixture.directory / "socket";
  const Daemon daemon(fixture.settings.journal_socket);
  fixture.log().fail(error);

  CHECK(daemon.receive().rfind("MESSAGE=mounts[0]: mount", 0) == 0);
}
