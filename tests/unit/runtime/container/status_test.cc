// The status of a container: the truth table, and what is found on disk and in the kernel.
#include "runtime/container/status.h"

#include <unistd.h>

#include "runtime/init/start_gate.h"
#include "sys/files.h"
#include "sys/process.h"
#include "sys/procfs.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace myrt::container {
namespace {

using oci::Status;

// A state root with the one container `web`, whose init is this very process.
struct StatusFixture {
  test::TempDir root;
  ContainerState state;

  StatusFixture() {
    const auto stat = sys::read_process_stat(::getpid());
    REQUIRE(stat.ok());
    REQUIRE(stat->has_value());
    state.id = "web";
    state.pid = ::getpid();
    state.start_time_ticks = (*stat)->start_time_ticks;
    state.bundle = "/b";
    state.rootfs = "/b/rootfs";
  }

  StateDirectory made() const {
    auto directory = StateDirectory::create(root.path(), "web");
    REQUIRE(directory.ok());
    return std::move(directory).value();
  }
  void save() const {
    StateDirectory directory = made();
    REQUIRE(directory.save(state).ok());
    directory.keep();
  }
  Container found(Lock lock = Lock::none) const {
    auto container = find(root.path(), "web", lock);
    INFO((container.ok() ? std::string() : container.error().message));
    REQUIRE(container.ok());
    return std::move(container).value();
  }
  init::StartGate gate() const {
    const auto directory = sys::open(root / "web", O_RDONLY | O_DIRECTORY);
    REQUIRE(directory.ok());
    auto gate = init::StartGate::open(directory->get());
    REQUIRE(gate.ok());
    return std::move(gate).value();
  }
};

}  // namespace

TEST_CASE("the status follows from four facts", "[container][STA-03][STA-04][STA-05]") {
  struct Row {
    bool being_created, init_alive, at_start_gate, frozen;
    Status status;
  };
  constexpr Row kRows[] = {
      {false, false, false, false, Status::stopped}, {false, false, false, true, Status::stopped},
      {false, false, true, false, Status::stopped},  {false, false, true, true, Status::stopped},
      {false, true, false, false, Status::running},  {false, true, false, true, Status::paused},
      {false, true, true, false, Status::created},   {false, true, true, true, Status::paused},
      {true, false, false, false, Status::creating}, {true, false, false, true, Status::creating},
      {true, false, true, false, Status::creating},  {true, false, true, true, Status::creating},
      {true, true, false, false, Status::creating},  {true, true, false, true, Status::creating},
      {true, true, true, false, Status::creating},   {true, true, true, true, Status::creating},
  };
  static_assert(std::size(kRows) == 16);
  for (const Row& row : kRows) {
    INFO("being_created " << row.being_created << " init_alive " << row.init_alive
                          << " at_start_gate " << row.at_start_gate << " frozen " << row.frozen);
    CHECK(derive_status({.being_created = row.being_created,
                         .init_alive = row.init_alive,
                         .at_start_gate = row.at_start_gate,
                         .frozen = row.frozen}) == row.status);
  }
}

TEST_CASE_METHOD(StatusFixture, "an id that nobody made does not exist", "[container][OPS-01]") {
  for (const Lock lock : {Lock::none, Lock::exclusive}) {
    const auto container = find(root.path(), "web", lock);
    REQUIRE_FALSE(container.ok());
    CHECK(container.error().code == ErrorCode::not_found);
    CHECK(container.error().message == "container does not exist");
  }
}

TEST_CASE_METHOD(StatusFixture, "a container is creating as long as its creator holds the lock",
                 "[container][STA-05]") {
  std::optional<StateDirectory> creator = made();
  CHECK(found().status == Status::creating);

  ContainerState early = state;
  early.pid = 0;
  REQUIRE(creator->save(early).ok());
  CHECK(found().status == Status::creating);
  CHECK(found().oci_state().bundle == "/b");

  creator->keep();
  creator.reset();
  CHECK(found().status == Status::stopped);
  CHECK(found(Lock::exclusive).status == Status::stopped);
}

TEST_CASE_METHOD(StatusFixture, "a creator that died before it wrote anything leaves a stopped one",
                 "[container][LIF-02]") {
  made().keep();

  const Container container = found();

  CHECK(container.status == Status::stopped);
  CHECK(container.state.id == "web");
  CHECK_FALSE(container.init_pidfd.valid());
}

TEST_CASE_METHOD(StatusFixture, "an init at the gate is created, and one past it is running",
                 "[container][STA-05][STA-06]") {
  save();
  {
    const init::StartGate waiting = gate();
    const Container container = found();
    CHECK(container.status == Status::created);
    CHECK(container.oci_state().pid == ::getpid());
    CHECK(container.init_pidfd.valid());
  }
  const Container container = found();
  CHECK(container.status == Status::running);
  CHECK(container.oci_state().pid == ::getpid());
}

TEST_CASE_METHOD(StatusFixture, "a frozen cgroup makes a container paused", "[container][STA-04]") {
  const test::TempDir cgroup;
  state.cgroup = {.mode = cgroups::Mode::v2, .directories = {{"", cgroup.path()}}};
  save();

  cgroup.write("cgroup.events", "populated 1\nfrozen 1\n");
  CHECK(found().status == Status::paused);
  cgroup.write("cgroup.events", "populated 1\nfrozen 0\n");
  CHECK(found().status == Status::running);
}

TEST_CASE_METHOD(StatusFixture, "a pid that now belongs to another process is not the container",
                 "[container][STA-12]") {
  state.start_time_ticks += 1;
  save();
  const init::StartGate stale = gate();

  const Container container = found();

  CHECK(container.status == Status::stopped);
  CHECK_FALSE(container.init_pidfd.valid());
  CHECK(container.oci_state().pid == 0);
}

TEST_CASE_METHOD(StatusFixture, "an init that nobody reaped is stopped, and so is a reaped one",
                 "[container][STA-05]") {
  auto child = sys::clone3({});
  REQUIRE(child.ok());
  if (!child->has_value()) {
    ::pause();
    ::_exit(0);
  }
  const auto stat = sys::read_process_stat((*child)->pid());
  REQUIRE(stat.ok());
  REQUIRE(stat->has_value());
  state.pid = (*child)->pid();
  state.start_time_ticks = (*stat)->start_time_ticks;
  save();
  CHECK(found().status == Status::running);

  REQUIRE(sys::pidfd_send_signal((*child)->pidfd(), 9).ok());
  REQUIRE(sys::wait_for_exit((*child)->pidfd(), std::nullopt).ok());
  CHECK(found().status == Status::stopped);
  CHECK(found().oci_state().pid == 0);

  REQUIRE((*child)->wait().ok());
  CHECK(found().status == Status::stopped);
}

TEST_CASE("a state without a pid has no init", "[container][STA-12]") {
  const auto pidfd = open_init(ContainerState{});

  REQUIRE(pidfd.ok());
  CHECK_FALSE(pidfd->valid());
}

TEST_CASE_METHOD(StatusFixture, "a damaged state file is an error and not a status",
                 "[container][STA-05]") {
  save();
  root.write("web/container.json", R"({"version":1,"id":"web")");

  const auto container = find(root.path(), "web", Lock::none);

  REQUIRE_FALSE(container.ok());
  CHECK(container.error().code == ErrorCode::internal);
  CHECK(container.error().phase == Phase::state);
  CHECK_THAT(container.error().message, Catch::StartsWith("container.json: damaged: "));
}

}  // namespace myrt::container
