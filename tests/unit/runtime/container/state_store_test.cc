// The state directory of a container: made, locked, opened, removed.
#include "runtime/container/state_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include "sys/files.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace myrt::container {
namespace {

mode_t mode_of(const std::string& path) {
  struct stat status = {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

StateDirectory made(const std::string& root, const std::string& id) {
  auto directory = StateDirectory::create(root, id);
  INFO((directory.ok() ? std::string() : directory.error().message));
  REQUIRE(directory.ok());
  return std::move(directory).value();
}

StateDirectory opened(const std::string& root, const std::string& id, Lock lock = Lock::none) {
  auto directory = StateDirectory::open(root, id, lock);
  INFO((directory.ok() ? std::string() : directory.error().message));
  REQUIRE(directory.ok());
  return std::move(directory).value();
}

ContainerState state_of(const std::string& id, pid_t pid) {
  ContainerState state;
  state.id = id;
  state.pid = pid;
  state.bundle = "/b";
  state.rootfs = "/b/rootfs";
  return state;
}

}  // namespace

TEST_CASE("ids are what runc takes", "[container][OPS-04]") {
  for (const std::string& id :
       {std::string("a"), std::string("Z"), std::string("0"), std::string("_"), std::string("-"),
        std::string("+"), std::string("..."), std::string(".a"), std::string("a.b_c-d+e"),
        std::string("--"), std::string("cri-o-1234abcd"), std::string(64, 'f'),
        std::string(255, 'x')}) {
    INFO("id `" << id << "`");
    CHECK(validate_id(id).ok());
  }
  for (const std::string& id :
       {std::string(),           std::string("."),       std::string(".."),
        std::string("a/b"),      std::string("/"),       std::string("../a"),
        std::string("a b"),      std::string(" "),       std::string("a\n"),
        std::string("a\tb"),     std::string("a:b"),     std::string("a,b"),
        std::string("a@b"),      std::string("a*"),      std::string("a\\b"),
        std::string("a%2fb"),    std::string("a\0b", 3), std::string("\0", 1),
        std::string("\xc3\xa4"), std::string("\x7f"),    std::string("a`b"),
        std::string("$a"),       std::string(256, 'x'),  std::string(100000, 'x')}) {
    INFO("id `" << id.substr(0, 80) << "`");
    const auto result = validate_id(id);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == ErrorCode::invalid_argument);
    CHECK_THAT(result.error().message, Catch::StartsWith("invalid container ID format: `"));
  }
}

TEST_CASE("a bad id is refused by every way in", "[container][OPS-04]") {
  const test::TempDir root;
  CHECK(StateDirectory::create(root.path(), "../x").error().code == ErrorCode::invalid_argument);
  CHECK(StateDirectory::open(root.path(), "..", Lock::none).error().code ==
        ErrorCode::invalid_argument);
}

TEST_CASE("a state directory and the root above it are its owner's alone", "[container]") {
  const test::TempDir parent;
  const std::string root = parent / "run/myrt";

  const StateDirectory directory = made(root, "web");

  CHECK(directory.id() == "web");
  CHECK(mode_of(root) == 0700);
  CHECK(mode_of(parent / "run") == 0700);
  CHECK(mode_of(root + "/web") == 0700);
}

TEST_CASE("a directory that is not kept is removed with all that is in it", "[container][LIF-02]") {
  const test::TempDir root;
  {
    StateDirectory directory = made(root.path(), "web");
    REQUIRE(directory.save_config("{}").ok());
    REQUIRE(directory.save(state_of("web", 7)).ok());
    REQUIRE(sys::mkdir_at(directory.fd(), "notify", 0700).ok());
    root.write("web/notify/file", "x");
    StateDirectory moved = std::move(directory);
    CHECK(exists(root / "web/notify/file"));
  }
  CHECK_FALSE(exists(root / "web"));
  CHECK(exists(root.path()));
}

TEST_CASE("a directory that is kept stays until it is removed", "[container][OPS-18][OPS-20]") {
  const test::TempDir root;
  {
    StateDirectory directory = made(root.path(), "web");
    REQUIRE(directory.save_config("{}").ok());
    directory.keep();
  }
  REQUIRE(exists(root / "web/config.json"));

  { const StateDirectory only_looked_at = opened(root.path(), "web", Lock::exclusive); }
  CHECK(exists(root / "web/config.json"));

  REQUIRE(opened(root.path(), "web", Lock::exclusive).remove().ok());
  CHECK_FALSE(exists(root / "web"));
  made(root.path(), "web").keep();
  CHECK(exists(root / "web"));
}

TEST_CASE("an id in use is refused, and the old container stays as it is", "[container][OPS-03]") {
  const test::TempDir root;
  {
    StateDirectory old = made(root.path(), "web");
    REQUIRE(old.save_config("the old one").ok());
    REQUIRE(old.save(state_of("web", 7)).ok());
    old.keep();
  }

  const auto second = StateDirectory::create(root.path(), "web");

  REQUIRE_FALSE(second.ok());
  CHECK(second.error().code == ErrorCode::already_exists);
  CHECK(second.error().message == "container with given ID already exists");
  const StateDirectory old = opened(root.path(), "web");
  CHECK(old.load_config().value() == "the old one");
  CHECK(old.load().value().pid == 7);
}

TEST_CASE("an id is in use also while it is being created", "[container][OPS-03]") {
  const test::TempDir root;
  const StateDirectory first = made(root.path(), "web");

  CHECK(StateDirectory::create(root.path(), "web").error().code == ErrorCode::already_exists);
  CHECK(exists(root / "web"));
}

TEST_CASE("what was never made does not exist", "[container][OPS-01]") {
  const test::TempDir root;
  for (const std::string& place : {root.path(), root / "no/such/root"}) {
    for (const Lock lock : {Lock::none, Lock::exclusive}) {
      const auto directory = StateDirectory::open(place, "web", lock);
      REQUIRE_FALSE(directory.ok());
      CHECK(directory.error().code == ErrorCode::not_found);
      CHECK(directory.error().message == "container does not exist");
    }
  }
  CHECK_FALSE(exists(root / "no"));
}

TEST_CASE("a symlink in the root is not a container", "[container]") {
  const test::TempDir root;
  const test::TempDir elsewhere;
  REQUIRE(::symlink(elsewhere.path().c_str(), (root / "web").c_str()) == 0);

  CHECK_FALSE(StateDirectory::open(root.path(), "web", Lock::none).ok());
  CHECK(StateDirectory::create(root.path(), "web").error().code == ErrorCode::already_exists);
  CHECK(exists(elsewhere.path()));
}

TEST_CASE("one at a time holds the lock", "[container]") {
  const test::TempDir root;
  std::optional<StateDirectory> creator = made(root.path(), "web");
  creator->keep();
  StateDirectory other = opened(root.path(), "web");

  CHECK_FALSE(other.try_lock());
  creator.reset();
  CHECK(other.try_lock());

  StateDirectory third = opened(root.path(), "web");
  CHECK_FALSE(third.try_lock());
}

TEST_CASE("a moved directory keeps its lock and is removed once", "[container]") {
  const test::TempDir root;
  std::optional<StateDirectory> first = made(root.path(), "web");
  std::optional<StateDirectory> second(std::move(*first));
  first.reset();
  CHECK(exists(root / "web"));
  StateDirectory other = opened(root.path(), "web");
  CHECK_FALSE(other.try_lock());
  second.reset();
  CHECK_FALSE(exists(root / "web"));
}

TEST_CASE("a state is there whole, and each save replaces the last", "[container]") {
  const test::TempDir root;
  StateDirectory directory = made(root.path(), "web");
  REQUIRE_FALSE(directory.load().ok());
  CHECK(directory.load().error().errno_value == ENOENT);

  REQUIRE(directory.save(state_of("web", 0)).ok());
  CHECK(directory.load().value().pid == 0);
  CHECK_FALSE(exists(root / "web/state.json"));  // nothing for others before there is an init

  REQUIRE(directory.save(state_of("web", 41)).ok());
  CHECK(directory.load().value().pid == 41);
  CHECK(exists(root / "web/state.json"));
  directory.keep();

  REQUIRE(directory.save(state_of("web", 42)).ok());
  StateDirectory later = opened(root.path(), "web");
  REQUIRE(later.save(state_of("web", 43)).ok());
  CHECK(directory.load().value().pid == 43);

  CHECK(mode_of(root / "web/container.json") == 0600);
  CHECK(mode_of(root / "web/state.json") == 0600);
  const auto names = sys::list_directory(directory.fd());
  REQUIRE(names.ok());
  CHECK(names->size() == 2);  // no temporary file is left
}

TEST_CASE("a plan is read until it is claimed, and is then the state", "[container]") {
  const test::TempDir root;
  StateDirectory directory = made(root.path(), "web");
  const ContainerState planned = state_of("web", 0);
  REQUIRE(directory.save_plan(planned).ok());
  CHECK_FALSE(exists(root / "web/container.json"));
  REQUIRE(directory.load().ok());
  CHECK_FALSE(directory.load()->claimed);
  CHECK(directory.load()->bundle == "/b");

  REQUIRE(directory.claim(planned, planned).ok());

  CHECK(directory.load()->claimed);
  CHECK_FALSE(exists(root / "web/planned.json"));
}

TEST_CASE("a claim of other cgroups than were planned says which", "[container]") {
  const test::TempDir root;
  StateDirectory directory = made(root.path(), "web");
  ContainerState planned = state_of("web", 0);
  planned.cgroup.directories = {{"", "/sys/fs/cgroup/web"}};
  REQUIRE(directory.save_plan(planned).ok());
  ContainerState actual = planned;
  actual.found_cgroups = {"/sys/fs/cgroup/web"};

  REQUIRE(directory.claim(planned, actual).ok());

  CHECK(directory.load()->found_cgroups == actual.found_cgroups);
  CHECK_FALSE(exists(root / "web/planned.json"));
}

TEST_CASE("a plan that was cut short anywhere is none", "[container]") {
  const test::TempDir root;
  StateDirectory directory = made(root.path(), "web");
  REQUIRE(directory.save_plan(state_of("web", 0)).ok());
  const std::string whole = root.read("web/planned.json");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    root.write("web/planned.json", whole.substr(0, size));
    const auto loaded = directory.load();
    REQUIRE_FALSE(loaded.ok());
    if (loaded.error().errno_value != ENOENT) FAIL("cut at " << size);
  }
}

TEST_CASE("a directory that was removed has no name any more", "[container]") {
  const test::TempDir root;
  StateDirectory first = made(root.path(), "web");
  CHECK(first.is_linked());
  REQUIRE(first.remove().ok());
  CHECK_FALSE(first.is_linked());
  CHECK(made(root.path(), "web").is_linked());
}

TEST_CASE("the config is kept as it was, byte for byte", "[container][CFG-10]") {
  const test::TempDir root;
  StateDirectory directory = made(root.path(), "web");
  const std::string config("{\"a\": \"\xc3\xa4\", \"b\":\t1 }\n\0x", 23);

  REQUIRE(directory.save_config(config).ok());

  CHECK(directory.load_config().value() == config);
  CHECK(mode_of(root / "web/config.json") == 0600);
}

TEST_CASE("containers are listed by id, sorted", "[container]") {
  const test::TempDir root;
  CHECK(list_state_directories(root.path()).value().empty());
  CHECK(list_state_directories(root / "none").value().empty());
  for (const char* id : {"b", "a", "c-1"}) made(root.path(), id).keep();
  root.write("not an id", "");

  CHECK(list_state_directories(root.path()).value() == std::vector<std::string>{"a", "b", "c-1"});
}

TEST_CASE("a FIFO in a document's place is a damaged state, and nobody waits for it",
          "[container]") {
  const test::TempDir root;
  const StateDirectory directory = made(root.path(), "web");
  for (const char* name : {"container.json", "config.json"}) {
    REQUIRE(::mkfifo((root / ("web/" + std::string(name))).c_str(), 0600) == 0);
  }

  CHECK_FALSE(directory.load().ok());
  CHECK(directory.load_config().value().empty());
}

TEST_CASE("a root that is no directory is an error", "[container]") {
  const test::TempDir directory;
  const std::string file = directory.write("file", "");

  CHECK_FALSE(StateDirectory::create(file, "web").ok());
  CHECK_FALSE(StateDirectory::open(file, "web", Lock::none).ok());
  CHECK_FALSE(list_state_directories(file).ok());
}

TEST_CASE("a directory can be unlocked for others and locked again", "[container]") {
  const test::TempDir root;
  StateDirectory directory = made(root.path(), "c");
  CHECK_FALSE(opened(root.path(), "c").try_lock());

  directory.unlock();

  CHECK(opened(root.path(), "c").try_lock());
  REQUIRE(directory.lock().ok());
  CHECK_FALSE(opened(root.path(), "c").try_lock());
}

TEST_CASE("who locks a directory again learns that it was deleted, whatever has its name now",
          "[container]") {
  const test::TempDir root;
  StateDirectory directory = made(root.path(), "c");
  directory.keep();
  directory.unlock();
  REQUIRE(opened(root.path(), "c", Lock::exclusive).remove().ok());
  const StateDirectory other = made(root.path(), "c");

  const auto locked = directory.lock();

  REQUIRE_FALSE(locked.ok());
  CHECK(locked.error().code == ErrorCode::not_found);
  CHECK(exists(root / "c"));
}

TEST_CASE("a directory goes with whatever else is in it", "[container]") {
  const test::TempDir root;
  StateDirectory directory = made(root.path(), "c");
  REQUIRE(directory.save(state_of("c", 1)).ok());
  root.write("c/notify/socket", "");

  REQUIRE(directory.remove().ok());

  CHECK_FALSE(exists(root / "c"));
}

}  // namespace myrt::container
