#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "sys/files.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/sys/child.h"

namespace myrt::sys {
namespace {

using test::TempDir;

TEST_CASE("make_directories makes what is missing and keeps what is there", "[sys][files]") {
  const TempDir dir;
  std::filesystem::create_directory(dir / "a");
  std::filesystem::permissions(dir / "a", std::filesystem::perms(0700));

  REQUIRE(make_directories(dir / "a/b//c/", 0755).ok());
  REQUIRE(make_directories(dir / "a/b/c", 0755).ok());

  CHECK(std::filesystem::is_directory(dir / "a/b/c"));
  CHECK(std::filesystem::status(dir / "a").permissions() == std::filesystem::perms(0700));
  CHECK(make_directories("/", 0755).ok());
}

TEST_CASE("make_directories accepts a symlink to a directory", "[sys][files]") {
  const TempDir dir;
  std::filesystem::create_directory(dir / "real");
  std::filesystem::create_symlink("real", dir / "link");

  REQUIRE(make_directories(dir / "link/sub", 0755).ok());
  REQUIRE(make_directories(dir / "link", 0755).ok());

  CHECK(std::filesystem::is_directory(dir / "real/sub"));
}

TEST_CASE("make_directories says when a file or a dangling link is in the way", "[sys][files]") {
  const TempDir dir;
  dir.write("file", "");
  std::filesystem::create_symlink("nowhere", dir / "dangling");

  CHECK(make_directories(dir / "file", 0755).error().message ==
        "mkdir `" + (dir / "file") + "`: not a directory");
  CHECK(make_directories(dir / "file/sub", 0755).error().errno_value == ENOTDIR);
  CHECK(make_directories(dir / "dangling", 0755).error().errno_value == ENOTDIR);
  CHECK(make_directories("", 0755).error().errno_value == ENOENT);
}

TEST_CASE("mkdir_at names the directory it could not make", "[sys][files]") {
  const TempDir dir;
  const Result<UniqueFd> fd = open(dir.path(), O_PATH | O_DIRECTORY);

  REQUIRE(mkdir_at(fd->get(), "a", 0755).ok());
  CHECK(mkdir_at(fd->get(), "a", 0755).error().message == "mkdir `a`: file exists");
}

TEST_CASE("list_directory gives every name once, without dots", "[sys][files]") {
  const TempDir dir;
  std::vector<std::string> expected;
  for (int i = 0; i < 500; ++i) expected.push_back("file-with-a-long-name-" + std::to_string(i));
  for (const std::string& name : expected) dir.write(name, "");
  std::sort(expected.begin(), expected.end());
  const Result<UniqueFd> fd = open(dir.path(), O_PATH | O_DIRECTORY);

  for (int i = 0; i < 2; ++i) {
    Result<std::vector<std::string>> names = list_directory(fd->get());
    REQUIRE(names.ok());
    std::sort(names->begin(), names->end());
    CHECK(*names == expected);
  }
}

TEST_CASE("remove_tree_at removes a tree and nothing that its links point to", "[sys][files]") {
  const TempDir dir;
  dir.write("tree/a/b/c", "");
  dir.write("tree/d", "");
  dir.write("outside/kept", "text");
  std::filesystem::create_directory_symlink("../outside", dir / "tree/link");
  std::filesystem::create_directory_symlink(dir / "outside", dir / "tree/a/absolute");
  const Result<UniqueFd> fd = open(dir.path(), O_PATH | O_DIRECTORY);

  REQUIRE(remove_tree_at(fd->get(), "tree").ok());

  CHECK_FALSE(std::filesystem::exists(dir / "tree"));
  CHECK(dir.read("outside/kept") == "text");
}

TEST_CASE("remove_tree_at removes a single file, a link, and a missing name", "[sys][files]") {
  const TempDir dir;
  dir.write("file", "");
  dir.write("target/kept", "");
  std::filesystem::create_directory_symlink("target", dir / "link");
  const Result<UniqueFd> fd = open(dir.path(), O_PATH | O_DIRECTORY);

  CHECK(remove_tree_at(fd->get(), "file").ok());
  CHECK(remove_tree_at(fd->get(), "link").ok());
  CHECK(remove_tree_at(fd->get(), "missing").ok());

  CHECK(*list_directory(fd->get()) == std::vector<std::string>{"target"});
  CHECK(std::filesystem::exists(dir / "target/kept"));
}

TEST_CASE("remove_tree_at does not leave the directory", "[sys][files]") {
  const TempDir dir;
  dir.write("inner/file", "");
  dir.write("outer/file", "");
  const Result<UniqueFd> fd = open(dir / "inner", O_PATH | O_DIRECTORY);

  CHECK_FALSE(remove_tree_at(fd->get(), "../outer").ok());
  CHECK_FALSE(remove_tree_at(fd->get(), dir / "outer").ok());

  CHECK(std::filesystem::exists(dir / "outer/file"));
}

TEST_CASE("remove_tree_at stops at a mount and keeps what is in it", "[sys][files]") {
  const TempDir dir;
  dir.write("tree/point/x", "");
  dir.write("data/kept", "text");
  const std::string result = test::run_in_child(CLONE_NEWUSER | CLONE_NEWNS, [&]() -> std::string {
    if (::mount((dir / "data").c_str(), (dir / "tree/point").c_str(), nullptr, MS_BIND, nullptr) !=
        0) {
      return test::kNoNamespaces;
    }
    const Result<UniqueFd> fd = open(dir.path(), O_PATH | O_DIRECTORY);
    return test::outcome(remove_tree_at(fd->get(), "tree"));
  });
  if (result == test::kNoNamespaces) {
    WARN(result);
    return;
  }

  CHECK(result == "remove `tree`: remove `point`: device or resource busy");
  CHECK(dir.read("data/kept") == "text");
}

}  // namespace
}  // namespace myrt::sys
