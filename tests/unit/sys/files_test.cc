#include "sys/files.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace myrt::sys {
namespace {

using test::TempDir;

UniqueFd open_dir(const std::string& path) {
  Result<UniqueFd> fd = open(path, O_PATH | O_DIRECTORY);
  REQUIRE(fd.ok());
  return std::move(fd).value();
}

std::vector<std::string> names_in(const std::string& path) {
  const UniqueFd fd = open_dir(path);
  Result<std::vector<std::string>> names = list_directory(fd.get());
  REQUIRE(names.ok());
  std::sort(names->begin(), names->end());
  return std::move(names).value();
}

TEST_CASE("an opened file is closed on exec", "[sys][files]") {
  const TempDir dir;
  const Result<UniqueFd> fd = open(dir.write("a", "x"), O_RDONLY);

  REQUIRE(fd.ok());
  CHECK((::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("open names the path and the reason", "[sys][files]") {
  const Result<UniqueFd> fd = open("/proc/nonexistent/a", O_RDONLY);

  REQUIRE_FALSE(fd.ok());
  CHECK(fd.error().message == "open `/proc/nonexistent/a`: no such file or directory");
  CHECK(fd.error().errno_value == ENOENT);
  CHECK(fd.error().syscall == "openat");
}

TEST_CASE("read_all reads what is longer than its buffer", "[sys][files]") {
  const TempDir dir;
  std::string text;
  for (int i = 0; i < 20000; ++i) text += std::to_string(i);
  const Result<std::string> read = read_file(dir.write("a", text));

  REQUIRE(read.ok());
  CHECK(*read == text);
}

TEST_CASE("read_all works where st_size is zero", "[sys][files]") {
  const Result<std::string> status = read_file("/proc/self/status");

  REQUIRE(status.ok());
  CHECK(status->find("PPid:") != std::string::npos);
}

TEST_CASE("a file at the limit is read and one byte more is refused", "[sys][files]") {
  const TempDir dir;
  const UniqueFd fd = open_dir(dir.path());
  dir.write("a", "12345");

  CHECK(*read_file_at(fd.get(), "a", 5) == "12345");
  const Result<std::string> longer = read_file_at(fd.get(), "a", 4);
  REQUIRE_FALSE(longer.ok());
  CHECK(longer.error().code == ErrorCode::invalid_argument);
  CHECK(longer.error().message == "read `a`: longer than 4 bytes");
}

TEST_CASE("a FIFO or a symlink in a file's place neither blocks nor leads elsewhere",
          "[sys][files]") {
  const test::TempDir directory;
  directory.write("file", "text");
  REQUIRE(::mkfifo((directory / "fifo").c_str(), 0600) == 0);
  REQUIRE(::symlink("file", (directory / "link").c_str()) == 0);
  const UniqueFd fd = open(directory.path(), O_RDONLY | O_DIRECTORY).value();

  CHECK(*read_plain_file_at(fd.get(), "file") == "text");
  CHECK(*read_plain_file_at(fd.get(), "fifo") == "");
  CHECK(read_plain_file_at(fd.get(), "link").error().errno_value == ELOOP);
}

TEST_CASE("reading a directory is an error with its name", "[sys][files]") {
  const TempDir dir;
  const Result<std::string> read = read_file(dir.path());

  REQUIRE_FALSE(read.ok());
  CHECK(read.error().message == "read `" + dir.path() + "`: is a directory");
}

TEST_CASE("write_all reports a closed pipe instead of dying", "[sys][files]") {
  std::array<int, 2> ends = {-1, -1};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const UniqueFd writer(ends[1]);
  UniqueFd(ends[0]).reset();
  const auto old = ::signal(SIGPIPE, SIG_IGN);
  const Result<> written = write_all(writer.get(), "x", "pipe");
  ::signal(SIGPIPE, old);

  REQUIRE_FALSE(written.ok());
  CHECK(written.error().message == "write `pipe`: broken pipe");
}

TEST_CASE("a kernel file is never created", "[sys][files]") {
  const TempDir dir;
  const UniqueFd fd = open_dir(dir.path());

  const Result<> written = write_kernel_file_at(fd.get(), "pids.max", "10");

  REQUIRE_FALSE(written.ok());
  CHECK(written.error().message == "write `10` to `pids.max`: no such file or directory");
  CHECK_FALSE(exists_at(fd.get(), "pids.max"));
}

TEST_CASE("a kernel file is not truncated by the open", "[sys][files]") {
  const TempDir dir;
  const UniqueFd fd = open_dir(dir.path());
  dir.write("a", "abcdef");

  REQUIRE(write_kernel_file_at(fd.get(), "a", "XY").ok());

  CHECK(dir.read("a") == "XYcdef");
}

TEST_CASE("the error of a kernel file shows the value and the kernel's answer", "[sys][files]") {
  // The range ends at 1000.
  const UniqueFd self = open_dir("/proc/self");

  const Result<> written = write_kernel_file_at(self.get(), "oom_score_adj", "5000");

  REQUIRE_FALSE(written.ok());
  CHECK(written.error().message == "write `5000` to `oom_score_adj`: invalid argument");
  CHECK(written.error().syscall == "write");
}

TEST_CASE("a long value is cut in the error", "[sys][files]") {
  const std::string value(65, 'x');

  CHECK(write_kernel_file_at(AT_FDCWD, "/proc/nonexistent/a", value).error().message ==
        "write `" + std::string(64, 'x') +
            "...` to `/proc/nonexistent/a`: no such file or directory");
  CHECK(write_kernel_file_at(AT_FDCWD, "/proc/nonexistent/a", value.substr(1)).error().message ==
        "write `" + std::string(64, 'x') + "` to `/proc/nonexistent/a`: no such file or directory");
}

TEST_CASE("write_new_file_at refuses a taken name and follows no symlink", "[sys][files]") {
  const TempDir dir;
  const UniqueFd fd = open_dir(dir.path());
  dir.write("taken", "old");
  std::filesystem::create_symlink("victim", dir / "link");

  CHECK(write_new_file_at(fd.get(), "taken", "new", 0600).error().errno_value == EEXIST);
  CHECK(write_new_file_at(fd.get(), "link", "new", 0600).error().errno_value == EEXIST);
  CHECK(dir.read("taken") == "old");
  CHECK_FALSE(exists_at(fd.get(), "victim"));
  REQUIRE(write_new_file_at(fd.get(), "new", "text", 0600).ok());
  CHECK(dir.read("new") == "text");
}

TEST_CASE("write_new_file_at leaves nothing when the write fails", "[sys][files]") {
  const TempDir dir;
  const UniqueFd fd = open_dir(dir.path());
  // A file size limit stands in for a full disk.
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit limit = {1, 1};
    ::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const bool failed = !write_new_file_at(fd.get(), "a", "abc", 0600).ok();
    const bool failed_atomic = !write_atomic_at(fd.get(), "b", "abc", 0600).ok();
    ::_exit(failed && failed_atomic ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);

  CHECK(status == 0);
  CHECK(names_in(dir.path()).empty());
}

TEST_CASE("write_atomic_at replaces a file and leaves no temporary", "[sys][files]") {
  const TempDir dir;
  const UniqueFd fd = open_dir(dir.path());
  dir.write("state.json", "old");
  const Result<UniqueFd> reader = open_at(fd.get(), "state.json", O_RDONLY);
  REQUIRE(reader.ok());

  REQUIRE(write_atomic_at(fd.get(), "state.json", "new", 0600).ok());

  CHECK(dir.read("state.json") == "new");
  CHECK(*read_all(reader->get(), "old") == "old");  // who has it open still sees it whole
  CHECK(names_in(dir.path()) == std::vector<std::string>{"state.json"});
}

TEST_CASE("write_atomic_at works on an absolute path", "[sys][files]") {
  const TempDir dir;

  REQUIRE(write_atomic_at(AT_FDCWD, dir / "pid", "17", 0644).ok());

  CHECK(dir.read("pid") == "17");
  CHECK(names_in(dir.path()) == std::vector<std::string>{"pid"});
}

TEST_CASE("replace_file_at overwrites what a dead process left under the temporary name",
          "[sys][files]") {
  const TempDir dir;
  dir.write("state", "old");
  dir.write("state.new", "half of a much longer fi");
  const UniqueFd fd = open_dir(dir.path());

  REQUIRE(replace_file_at(fd.get(), "state", "new", 0600).ok());

  CHECK(dir.read("state") == "new");
  CHECK(names_in(dir.path()) == std::vector<std::string>{"state"});
}

TEST_CASE("a kernel file is read whole, however long it is", "[sys][files]") {
  const TempDir dir;
  for (const std::size_t size : {0U, 1U, 16383U, 16384U, 16385U, 40000U}) {
    INFO(size);
    const std::string text(size, 'x');
    CHECK(read_kernel_file(dir.write("file", text)).value() == text);
  }
  CHECK(read_kernel_file("/proc/self/cgroup").value() == read_file("/proc/self/cgroup").value());
}

TEST_CASE("write_atomic_at that cannot rename leaves both sides as they were", "[sys][files]") {
  const TempDir dir;
  const UniqueFd fd = open_dir(dir.path());
  dir.write("target/inside", "x");

  const Result<> written = write_atomic_at(fd.get(), "target", "new", 0600);

  REQUIRE_FALSE(written.ok());
  CHECK(written.error().errno_value == EISDIR);
  CHECK(names_in(dir.path()) == std::vector<std::string>{"target"});
  CHECK(dir.read("target/inside") == "x");
}

TEST_CASE("exists_at follows symlinks", "[sys][files]") {
  const TempDir dir;
  const UniqueFd fd = open_dir(dir.path());
  dir.write("a", "");
  std::filesystem::create_symlink("a", dir / "good");
  std::filesystem::create_symlink("b", dir / "dangling");

  CHECK(exists_at(fd.get(), "a"));
  CHECK(exists_at(fd.get(), "good"));
  CHECK_FALSE(exists_at(fd.get(), "dangling"));
  CHECK_FALSE(exists_at(fd.get(), "missing"));
}

TEST_CASE("read_link_at gives a link's text and refuses what is no link", "[sys][files]") {
  const TempDir dir;
  const UniqueFd fd = open_dir(dir.path());
  std::filesystem::create_symlink("../x y", dir / "link");
  dir.write("a", "");

  CHECK(*read_link_at(fd.get(), "link") == "../x y");
  CHECK(read_link_at(fd.get(), "a").error().errno_value == EINVAL);
}

TEST_CASE("a lock that is taken is waited for as long as is said, and is free after close",
          "[sys][files]") {
  const TempDir dir;
  const std::string file = dir.write("lock", "");
  Result<UniqueFd> first = open(file, O_RDWR);
  const Result<UniqueFd> second = open(file, O_RDWR);
  using std::chrono::milliseconds;
  REQUIRE(lock_exclusive(first->get(), milliseconds(0)).ok());

  for (const milliseconds bound : {milliseconds(0), milliseconds(50)}) {
    const auto before = std::chrono::steady_clock::now();
    const Result<> taken = lock_exclusive(second->get(), bound);
    REQUIRE_FALSE(taken.ok());
    CHECK(taken.error().code == ErrorCode::timeout);
    CHECK(std::chrono::steady_clock::now() - before >= bound);
  }
  CHECK(lock_holder(second->get()) == ::getpid());
  first->reset();
  CHECK_FALSE(lock_holder(second->get()).has_value());

  CHECK(lock_exclusive(second->get(), milliseconds(0)).ok());
}

TEST_CASE("fd_path names the file for syscalls that take paths", "[sys][files]") {
  const TempDir dir;
  const Result<UniqueFd> fd = open(dir.write("a", "text"), O_RDONLY);

  CHECK(*read_file(fd_path(fd->get())) == "text");
}

TEST_CASE("random_hex has two digits a byte and does not repeat", "[sys][files]") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random_hex(16));

  CHECK(seen.size() == 100);
  CHECK(random_hex(0).empty());
  CHECK(random_hex(300).size() == 600);
  CHECK(random_hex(64).find_first_not_of("0123456789abcdef") == std::string::npos);
}

TEST_CASE("a UniqueFd closes once, and only what it owns", "[sys][unique_fd]") {
  const TempDir dir;
  Result<UniqueFd> opened = open(dir.write("a", ""), O_RDONLY);
  UniqueFd first = std::move(opened).value();
  const int number = first.get();

  UniqueFd second = std::move(first);
  CHECK(second.get() == number);
  CHECK_FALSE(first.valid());  // NOLINT(bugprone-use-after-move): that is what is tested
  const int released = second.release();
  second.reset();
  CHECK(::fcntl(released, F_GETFD) >= 0);
  second = UniqueFd(released);
  second.reset();
  CHECK(::fcntl(released, F_GETFD) < 0);
}

}  // namespace
}  // namespace myrt::sys
