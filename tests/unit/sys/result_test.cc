#include "sys/result.h"

#include <initializer_list>
#include <memory>

#include "tests/support/catch.h"

namespace myrt {
namespace {

Result<int> positive(int number) {
  if (number > 0) return number;
  return make_error(ErrorCode::invalid_argument, fmt::format("number `{}`: not positive", number));
}

Result<int> sum(int first, int second) { return TRY(positive(first)) + TRY(positive(second)); }

Result<std::unique_ptr<int>> boxed(int number) {
  return std::make_unique<int>(TRY(positive(number)));
}

Result<> check_all(std::initializer_list<int> numbers, int& checked) {
  for (const int number : numbers) {
    TRY(positive(number));
    ++checked;
  }
  return {};
}

Result<int> nested_sum(int first, int second, int third) {
  return TRY(sum(TRY(sum(first, second)), TRY(positive(third))));
}

TEST_CASE("TRY gives the value of a success and nests in one expression", "[sys][result]") {
  CHECK(*sum(2, 3) == 5);
  CHECK(*nested_sum(1, 2, 3) == 6);
}

TEST_CASE("TRY returns the first error from the enclosing function", "[sys][result]") {
  CHECK(sum(-1, -2).error().message == "number `-1`: not positive");
  CHECK(sum(1, -2).error().message == "number `-2`: not positive");
  CHECK(nested_sum(1, 2, 0).error().message == "number `0`: not positive");
}

TEST_CASE("TRY stops a loop at the failing step", "[sys][result]") {
  int checked = 0;

  const Result<> result = check_all({1, 2, -3, 4}, checked);

  CHECK_FALSE(result.ok());
  CHECK(checked == 2);
}

TEST_CASE("TRY moves a value that cannot be copied", "[sys][result]") {
  Result<std::unique_ptr<int>> result = boxed(7);
  REQUIRE(result.ok());

  const std::unique_ptr<int> box = std::move(result).value();

  CHECK(*box == 7);
  CHECK_FALSE(boxed(-7).ok());
}

TEST_CASE("context puts the general before the specific", "[sys][result]") {
  const Result<int> result = positive(-1).context("mounts[0]").context("prepare rootfs");

  CHECK(result.error().message == "prepare rootfs: mounts[0]: number `-1`: not positive");
  CHECK(result.error().code == ErrorCode::invalid_argument);
}

TEST_CASE("context, in_phase and at leave a success alone", "[sys][result]") {
  const Result<int> result = positive(4).context("mounts[0]").in_phase(Phase::mounts).at("/mounts");

  REQUIRE(result.ok());
  CHECK(*result == 4);
}

TEST_CASE("the phase and the pointer closest to the failure stay", "[sys][result]") {
  const Result<int> result =
      positive(-1).in_phase(Phase::mounts).at("/mounts/0").in_phase(Phase::spawn).at("/mounts");

  CHECK(result.error().phase == Phase::mounts);
  CHECK(result.error().pointer == "/mounts/0");
}

TEST_CASE("errno_error keeps the number, the syscall and the words", "[sys][result]") {
  errno = EBUSY;
  const Error error = errno_error("umount2", "unmount `/a`");

  CHECK(error.code == ErrorCode::system);
  CHECK(error.errno_value == EBUSY);
  CHECK(error.syscall == "umount2");
  CHECK(error.message == "unmount `/a`: device or resource busy");
  CHECK(error.pointer.empty());
}

TEST_CASE("config_error points at the field, in the text too", "[sys][result]") {
  const Error error = config_error("/process/cwd", "expected an absolute path, got `a`");

  CHECK(error.code == ErrorCode::invalid_config);
  CHECK(error.pointer == "/process/cwd");
  CHECK(error.message == "/process/cwd: expected an absolute path, got `a`");
  CHECK(error.errno_value == 0);
}

// The engines compare these texts with those of Go's syscall package.
TEST_CASE("errno texts are the ones that the engines match", "[sys][result]") {
  struct Row {
    int number;
    const char* text;
  };
  const Row row = GENERATE(
      Row{EPERM, "operation not permitted"}, Row{ENOENT, "no such file or directory"},
      Row{ESRCH, "no such process"}, Row{EINTR, "interrupted system call"},
      Row{EIO, "input/output error"}, Row{ENOEXEC, "exec format error"},
      Row{EACCES, "permission denied"}, Row{EBUSY, "device or resource busy"},
      Row{EEXIST, "file exists"}, Row{EXDEV, "invalid cross-device link"},
      Row{ENODEV, "no such device"}, Row{ENOTDIR, "not a directory"}, Row{EISDIR, "is a directory"},
      Row{EINVAL, "invalid argument"}, Row{ENOSPC, "no space left on device"},
      Row{EROFS, "read-only file system"}, Row{ELOOP, "too many levels of symbolic links"},
      Row{ENOTEMPTY, "directory not empty"}, Row{ENAMETOOLONG, "file name too long"},
      Row{ENOTTY, "inappropriate ioctl for device"}, Row{EDOTDOT, "RFS specific error"},
      Row{ELIBSCN, ".lib section in a.out corrupted"}, Row{123456, "unknown error 123456"});

  CHECK(errno_text(row.number) == row.text);
}

TEST_CASE("codes and phases have names, and foreign values do not crash", "[sys][result]") {
  CHECK(to_string(ErrorCode::system) == "system");
  CHECK(to_string(ErrorCode::executable_not_found) == "executable_not_found");
  CHECK(to_string(ErrorCode::internal) == "internal");
  CHECK(to_string(static_cast<ErrorCode>(200)) == "unknown");
  CHECK(to_string(Phase::none) == "none");
  CHECK(to_string(Phase::id_mappings) == "id_mappings");
  CHECK(to_string(Phase::remove) == "remove");
  CHECK(to_string(static_cast<Phase>(200)) == "unknown");
}

}  // namespace
}  // namespace myrt
