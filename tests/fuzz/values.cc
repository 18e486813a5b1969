// What people and images write about users and numbers: /etc/passwd, --user, ids, sizes, durations,
// lists of CPUs; and what is logged of anything. The first letter chooses.
#include "runtime/cli/values.h"

#include <algorithm>
#include <array>

#define JSON_NO_IO 1
#include <nlohmann/json.hpp>

#include "oci-spec/parse.h"
#include "runtime/cli/log_format.h"
#include "runtime/container/exec_process.h"
#include "runtime/container/state_store.h"
#include "runtime/init/index_list.h"
#include "runtime/init/user.h"
#include "runtime/inspection/exposition.h"
#include "runtime/inspection/number_list.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace myrt;

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) c == separator ? parts.emplace_back() : parts.back() += c;
  return parts;
}

bool is_id(const std::string& text, uid_t wanted) {
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = std::min<std::uint64_t>(value * 10 + static_cast<unsigned>(c - '0'), 1ULL << 32U);
  }
  return !text.empty() && value == wanted;
}

// passwd(5) once more, as slowly as it can be read.
void passwd(fuzz::Input input) {
  const auto uid = static_cast<uid_t>(input.byte() % 4);
  std::string expected;
  for (const std::string& line : split(input.rest(), '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() > 5 && is_id(fields[2], uid) && expected.empty()) expected = fields[5];
  }
  HOLDS(init::home_from_passwd(input.rest(), uid) == expected, expected);
}

void user(fuzz::Input input) {
  const oci::User base = {.uid = 7, .gid = 8, .umask = {}, .additional_gids = {}};
  const auto user = container::parse_user(input.rest(), base);
  if (!user.ok()) return fuzz::check_error(user.error(), {ErrorCode::invalid_argument});
  HOLDS(input.rest().find_first_not_of("0123456789:") == std::string_view::npos, input.rest());
  const auto again = container::parse_user(fmt::format("{}:{}", user->uid, user->gid), base);
  HOLDS(again.ok() && *again == *user, input.rest());
}

void identifier(fuzz::Input input) {
  const auto valid = container::validate_id(input.rest());
  if (!valid.ok()) return fuzz::check_error(valid.error(), {ErrorCode::invalid_argument});
  HOLDS(input.rest().find('/') == std::string_view::npos && input.rest() != "..", input.rest());
  HOLDS(!input.rest().empty() && input.rest().size() < 256, input.rest());
}

void numbers(fuzz::Input input) {
  const std::string_view text = input.rest();
  if (const auto value = cli::parse_unsigned(text)) {
    HOLDS(cli::parse_unsigned(std::to_string(*value)) == value, text);
    HOLDS(std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }), text);
  }
  if (const auto value = cli::parse_signed(text)) {
    HOLDS(cli::parse_signed(std::to_string(*value)) == value, text);
  }
  const auto bytes = cli::parse_size(text);
  if (bytes.ok()) {
    HOLDS(*bytes >= -1, text);
    HOLDS(*cli::parse_size(std::to_string(*bytes)) == *bytes, text);
  } else {
    fuzz::check_error(bytes.error(), {ErrorCode::invalid_argument});
  }
  const auto duration = cli::parse_duration(text);
  if (duration.ok()) {
    HOLDS(duration->count() >= 0, text);
    HOLDS(*cli::parse_duration(fmt::format("{}ms", duration->count())) == *duration, text);
  } else {
    fuzz::check_error(duration.error(), {ErrorCode::invalid_argument});
  }
}

void lists(fuzz::Input input) {
  const auto mask = init::parse_index_list(input.rest());
  if (!mask.ok()) return fuzz::check_error(mask.error(), {ErrorCode::invalid_argument});
  const std::string text = init::to_string(*mask);
  HOLDS(*init::parse_index_list(text) == *mask, text);
  const auto numbers = inspection::number_list(text);
  for (const unsigned number : numbers) {
    HOLDS((mask->at(number / 64) >> (number % 64) & 1U) != 0, text);
  }
}

// Whatever is in an error, the log has one line of it, and a JSON line is JSON.
void log_lines(fuzz::Input input) {
  Error error = make_error(ErrorCode::invalid_config, input.line());
  error.syscall = input.line();
  error.pointer = input.rest();
  const cli::LogEntry entry = {
      .level = cli::LogLevel::error, .message = error.message, .time = 0, .error = &error};
  for (const std::string& line : {cli::text_line(entry), cli::json_line(entry)}) {
    HOLDS(std::count(line.begin(), line.end(), '\n') == 1 && line.back() == '\n', line);
    HOLDS(std::none_of(line.begin(), line.end() - 1,
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }),
          line);
  }
  const auto json = nlohmann::json::parse(cli::json_line(entry), nullptr, false);
  HOLDS(json.is_object() && json.contains("msg"), cli::json_line(entry));
  HOLDS(fuzz::is_json_pointer("/" + oci::pointer_token(error.pointer)), error.pointer);
}

void timestamps(fuzz::Input input) {
  const double seconds = inspection::parse_timestamp(input.rest());
  // From year 0 to year 9999.
  HOLDS(seconds > -62.2e9 && seconds < 253.5e9, input.rest());
}

constexpr std::array kParsers = {passwd, user, identifier, numbers, lists, log_lines, timestamps};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  myrt::fuzz::Input input(data, size);
  kParsers.at(input.choice(kParsers.size()))(input);
  return 0;
}
