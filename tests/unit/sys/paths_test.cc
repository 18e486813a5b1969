#include "sys/paths.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "sys/files.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace myrt::sys {
namespace {

namespace fs = std::filesystem;
using test::TempDir;

// A rootfs with a secret beside it that no path inside may reach.
struct Rootfs {
  Rootfs() {
    dir.write("secret/file", "secret");
    dir.write("root/etc/file", "inside");
    fs::create_directories(dir / "root/a/b");
    Result<UniqueFd> opened = open(dir / "root", O_PATH | O_DIRECTORY);
    if (opened.ok()) fd = std::move(opened).value();
  }
  void link(const std::string& target, const std::string& name) const {
    fs::create_symlink(target, dir / ("root/" + name));
  }
  std::string secret() const { return dir / "secret"; }
  bool has(const std::string& name) const { return fs::exists(dir / ("root" + name)); }

  TempDir dir;
  UniqueFd fd;
};

std::string real_path(int fd) {
  Result<std::string> link = read_link_at(AT_FDCWD, fd_path(fd));
  return link.ok() ? *link : link.error().message;
}

mode_t mode_of(const std::string& path) {
  struct stat status = {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

// Sets the umask for a scope: it belongs to the whole process.
class Umask {
 public:
  explicit Umask(mode_t mask) : old_(::umask(mask)) {}
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;
  ~Umask() { ::umask(old_); }

 private:
  mode_t old_;
};

TEST_CASE("no path leads out of the root", "[sys][paths][CVE-2021-30465][CVE-2019-19921]") {
  const Rootfs root;
  root.link("/etc/file", "absolute");
  root.link("../../../../etc/file", "dots");
  root.link("/etc", "directory");
  root.link("directory", "chain");
  root.link("a/b/../../etc/file", "through");
  struct Row {
    const char* path;
    int expected_errno;  // 0: it is etc/file of the rootfs
  };
  const Row row =
      GENERATE(Row{"/etc/file", 0}, Row{"etc/file", 0}, Row{"/absolute", 0}, Row{"/dots", 0},
               Row{"/directory/file", 0}, Row{"/chain/file", 0}, Row{"/through", 0},
               Row{"/../../../etc/file", 0}, Row{"/a/../../../../etc/file", 0},
               Row{"//etc/./file", 0}, Row{"/directory/../etc/file", 0},
               Row{"/../secret/file", ENOENT}, Row{"/../../secret/file", ENOENT},
               Row{"/missing", ENOENT}, Row{"/etc/file/x", ENOTDIR}, Row{"", ENOENT});
  INFO(row.path);

  const Result<UniqueFd> fd = open_in_root(root.fd.get(), row.path, O_RDONLY);

  REQUIRE(fd.ok() == (row.expected_errno == 0));
  if (fd.ok()) {
    CHECK(*read_all(fd->get(), row.path) == "inside");
    CHECK((::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC) != 0);
  } else {
    CHECK(fd.error().errno_value == row.expected_errno);
    CHECK(fd.error().message ==
          fmt::format("open `{}`: {}", row.path, errno_text(row.expected_errno)));
  }
}

TEST_CASE("symlinks to the host's secret find nothing", "[sys][paths]") {
  const Rootfs root;
  root.link(root.secret() + "/file", "absolute");
  root.link("../secret/file", "relative");
  root.link("../../secret", "a/directory");

  for (const char* path : {"/absolute", "/relative", "/a/directory/file"}) {
    CHECK(open_in_root(root.fd.get(), path, O_RDONLY).error().errno_value == ENOENT);
  }
}

TEST_CASE("symlink loops end in ELOOP", "[sys][paths]") {
  const Rootfs root;
  root.link("loop", "loop");
  root.link("pong", "ping");
  root.link("ping", "pong");

  CHECK(open_in_root(root.fd.get(), "/loop", O_PATH).error().errno_value == ELOOP);
  CHECK(open_in_root(root.fd.get(), "/ping/x", O_PATH).error().errno_value == ELOOP);
  CHECK(make_directories_in_root(root.fd.get(), "/ping/x", 0755).error().errno_value == ELOOP);
  CHECK(make_mount_target(root.fd.get(), "/loop", false).error().errno_value == ELOOP);
}

TEST_CASE("magic links are refused in every form", "[sys][paths][CVE-2019-16884]") {
  const Result<UniqueFd> proc = open("/proc", O_PATH | O_DIRECTORY);
  REQUIRE(proc.ok());

  for (const char* path : {"/self/cwd", "/self/root/etc", "/self/exe", "/thread-self/cwd"}) {
    INFO(path);
    CHECK(open_in_root(proc->get(), path, O_PATH).error().errno_value == ELOOP);
    CHECK(open_beneath(proc->get(), path + 1, O_PATH).error().errno_value == ELOOP);
    CHECK_FALSE(make_directories_in_root(proc->get(), std::string(path) + "/x", 0755).ok());
  }
  CHECK(open_in_root(proc->get(), "/self/status", O_RDONLY).ok());
}

TEST_CASE("a symlink itself can be had, and not what it points to", "[sys][paths]") {
  const Rootfs root;
  root.link("/etc/file", "link");

  const Result<UniqueFd> link = open_in_root_nofollow(root.fd.get(), "/link", O_PATH);

  REQUIRE(link.ok());
  CHECK(S_ISLNK(stat_fd(link->get())->st_mode));
  CHECK(open_in_root_nofollow(root.fd.get(), "/link", O_RDONLY).error().errno_value == ELOOP);
}

TEST_CASE("open_beneath refuses to leave instead of clamping", "[sys][paths]") {
  const Rootfs root;
  root.link("/etc/file", "absolute");
  root.link("a/../etc/file", "inside");

  CHECK(open_beneath(root.fd.get(), "etc/file", O_RDONLY).ok());
  CHECK(open_beneath(root.fd.get(), "inside", O_RDONLY).ok());
  for (const char* path : {"/etc/file", "../root/etc/file", "a/../../secret", "absolute"}) {
    INFO(path);
    CHECK(open_beneath(root.fd.get(), path, O_PATH).error().errno_value == EXDEV);
  }
}

TEST_CASE("a file can be created inside the root with its mode", "[sys][paths]") {
  const Rootfs root;
  const Umask umask(0);
  root.link("/etc", "link");

  const Result<UniqueFd> fd =
      open_in_root(root.fd.get(), "/link/new", O_WRONLY | O_CREAT | O_EXCL, 0640);

  REQUIRE(fd.ok());
  CHECK(mode_of(root.dir / "root/etc/new") == 0640);
}

TEST_CASE("directories are made with their exact mode whatever the umask", "[sys][paths]") {
  const Rootfs root;
  const Umask umask(0077);

  const Result<UniqueFd> fd = make_directories_in_root(root.fd.get(), "/a/new/deep", 0755);

  REQUIRE(fd.ok());
  CHECK(real_path(fd->get()) == root.dir / "root/a/new/deep");
  CHECK(mode_of(root.dir / "root/a/new") == 0755);
  CHECK(mode_of(root.dir / "root/a/new/deep") == 0755);
}

TEST_CASE("existing directories keep their mode", "[sys][paths]") {
  const Rootfs root;
  ::chmod((root.dir / "root/a").c_str(), 0710);

  REQUIRE(make_directories_in_root(root.fd.get(), "/a/b/c", 0755).ok());

  CHECK(mode_of(root.dir / "root/a") == 0710);
}

TEST_CASE("directories are made where the links inside the root lead", "[sys][paths]") {
  struct Row {
    const char* link_target;  // of "l" in the root
    const char* path;
    const char* made;  // below the root
  };
  const Row row = GENERATE(Row{"/a/b", "/l/x/y", "/a/b/x/y"}, Row{"a", "/l/../n", "/n"},
                           Row{"/new", "/l", "/new"}, Row{"new/deep", "/l/x", "/new/deep/x"},
                           Row{"/../../new", "/l/x", "/new/x"}, Row{"../../new", "/l/x", "/new/x"},
                           Row{"/a/./new//deep/", "/l/x", "/a/new/deep/x"},
                           Row{"/a/b/../new", "/l/x", "/a/new/x"},
                           Row{"/n1/../n2", "/l/x", "/n2/x"}, Row{"/a", "/p/../l/x", "/a/x"},
                           Row{"/a", "/a/b/../../q/./r/", "/q/r"}, Row{"/a", "/../../q", "/q"});
  INFO(row.link_target << " " << row.path);
  const Rootfs root;
  root.link(row.link_target, "l");

  const Result<UniqueFd> fd = make_directories_in_root(root.fd.get(), row.path, 0755);

  REQUIRE(fd.ok());
  CHECK(real_path(fd->get()) == root.dir / ("root" + std::string(row.made)));
  CHECK(std::distance(fs::directory_iterator(root.dir.path()), fs::directory_iterator()) == 2);
}

TEST_CASE("a chain of dangling links is followed to its end", "[sys][paths]") {
  const Rootfs root;
  root.link("two", "one");
  root.link("/three", "two");
  root.link("a/four", "three");

  const Result<UniqueFd> fd = make_directories_in_root(root.fd.get(), "/one/x", 0755);

  REQUIRE(fd.ok());
  CHECK(real_path(fd->get()) == root.dir / "root/a/four/x");
}

TEST_CASE("a file in the way of a directory is an error that names it", "[sys][paths]") {
  const Rootfs root;

  CHECK(make_directories_in_root(root.fd.get(), "/etc/file", 0755).error().message ==
        "open `/etc/file`: not a directory");
  CHECK(make_directories_in_root(root.fd.get(), "/etc/file/x", 0755).error().errno_value ==
        ENOTDIR);
}

TEST_CASE("the root itself is a directory that exists", "[sys][paths]") {
  const Rootfs root;

  for (const char* path : {"", "/", "//", "/..", "/a/.."}) {
    INFO(path);
    const Result<UniqueFd> fd = make_directories_in_root(root.fd.get(), path, 0755);
    REQUIRE(fd.ok());
    CHECK(real_path(fd->get()) == root.dir / "root");
  }
}

TEST_CASE("a mount target is made as a file or a directory", "[sys][paths]") {
  const Rootfs root;
  const Umask umask(0077);

  const Result<UniqueFd> file = make_mount_target(root.fd.get(), "/x/y/file", false);
  const Result<UniqueFd> directory = make_mount_target(root.fd.get(), "/z/directory/", true);

  REQUIRE(file.ok());
  REQUIRE(directory.ok());
  CHECK(S_ISREG(stat_fd(file->get())->st_mode));
  CHECK(S_ISDIR(stat_fd(directory->get())->st_mode));
  CHECK((::fcntl(file->get(), F_GETFL) & O_PATH) != 0);
  CHECK(mode_of(root.dir / "root/x") == 0755);
  CHECK(mode_of(root.dir / "root/x/y/file") == 0644);
  CHECK(mode_of(root.dir / "root/z/directory") == 0755);
}

TEST_CASE("an existing mount target is kept as it is", "[sys][paths]") {
  const Rootfs root;
  root.link("/etc/file", "link");

  CHECK(real_path(make_mount_target(root.fd.get(), "/etc/file", false)->get()) ==
        root.dir / "root/etc/file");
  CHECK(real_path(make_mount_target(root.fd.get(), "/link", false)->get()) ==
        root.dir / "root/etc/file");
  CHECK(root.dir.read("root/etc/file") == "inside");
}

TEST_CASE("a mount target behind a dangling link is made inside the root", "[sys][paths]") {
  const Rootfs root;
  root.link(root.secret() + "/new", "absolute");
  root.link("../../../new", "a/relative");

  const Result<UniqueFd> absolute = make_mount_target(root.fd.get(), "/absolute", false);
  const Result<UniqueFd> relative = make_mount_target(root.fd.get(), "/a/relative", false);

  REQUIRE(absolute.ok());
  REQUIRE(relative.ok());
  CHECK(real_path(absolute->get()) == root.dir / ("root" + root.secret() + "/new"));
  CHECK(real_path(relative->get()) == root.dir / "root/new");
  CHECK_FALSE(fs::exists(root.secret() + "/new"));
}

TEST_CASE("the parent of an entry is made and its name is given", "[sys][paths]") {
  const Rootfs root;
  root.link("/a", "link");

  const Result<ParentAndName> entry = make_parent_in_root(root.fd.get(), "/link/new//null/");

  REQUIRE(entry.ok());
  CHECK(entry->name == "null");
  CHECK(real_path(entry->parent.get()) == root.dir / "root/a/new");
  CHECK_FALSE(root.has("/a/new/null"));
}

TEST_CASE("what has no name has no parent either", "[sys][paths]") {
  const Rootfs root;

  for (const char* path : {"", "/", ".", "/.", "..", "/a/..", "/a/../"}) {
    INFO(path);
    const Result<ParentAndName> entry = make_parent_in_root(root.fd.get(), path);
    REQUIRE_FALSE(entry.ok());
    CHECK(entry.error().code == ErrorCode::invalid_argument);
  }
}

// CVE-2021-30465 and CVE-2024-45310: a process of another container that shares a volume swaps a
// directory against a symlink while the runtime walks over it.
TEST_CASE("a racing rename never leads out of the root", "[sys][paths][CVE-2024-45310]") {
  const Rootfs root;
  const int fd = root.fd.get();
  fs::create_directory(root.dir / "root/swap");
  root.link(root.secret(), "evil");
  std::atomic<bool> stop = false;
  std::thread racer([&] {
    const std::string swap = root.dir / "root/swap";
    const std::string evil = root.dir / "root/evil";
    while (!stop) {
      ::syscall(SYS_renameat2, AT_FDCWD, swap.c_str(), AT_FDCWD, evil.c_str(), 2 /* EXCHANGE */);
    }
  });
  int made = 0;
  int escaped = 0;
  const std::string inside = root.dir / "root/";
  for (int i = 0; i < 60; ++i) {
    const std::string path = fmt::format("/swap/d{}/../e{}", i, i);
    const Result<UniqueFd> directory = make_directories_in_root(fd, path, 0755);
    const Result<UniqueFd> file = make_mount_target(fd, path + "/file", false);
    for (const Result<UniqueFd>* result : {&directory, &file}) {
      if (!result->ok()) continue;
      ++made;
      if (!real_path((*result)->get()).starts_with(inside)) ++escaped;
    }
  }
  stop = true;
  racer.join();

  CHECK(made > 0);
  CHECK(escaped == 0);
  CHECK(std::distance(fs::directory_iterator(root.secret()), fs::directory_iterator()) == 1);
}

TEST_CASE("two processes that make the same directories both succeed", "[sys][paths]") {
  const Rootfs root;
  std::atomic<int> failures = 0;
  const auto make = [&] {
    for (int i = 0; i < 30; ++i) {
      const std::string path = fmt::format("/p/{}/q/r", i);
      if (!make_directories_in_root(root.fd.get(), path, 0755).ok()) ++failures;
      if (!make_mount_target(root.fd.get(), path + "/file", false).ok()) ++failures;
    }
  };
  std::thread other(make);
  make();
  other.join();

  CHECK(failures == 0);
}

TEST_CASE("clean_absolute is lexical", "[sys][paths]") {
  struct Row {
    const char* path;
    const char* clean;
  };
  const Row row = GENERATE(Row{"", "/"}, Row{"/", "/"}, Row{".", "/"}, Row{"..", "/"},
                           Row{"a", "/a"}, Row{"//a///b/", "/a/b"}, Row{"/a/./b", "/a/b"},
                           Row{"/a/../b", "/b"}, Row{"/../../a", "/a"}, Row{"/a/b/../..", "/"},
                           Row{"/...", "/..."}, Row{"/a/..b", "/a/..b"});

  CHECK(clean_absolute(row.path) == row.clean);
}

}  // namespace
}  // namespace myrt::sys
