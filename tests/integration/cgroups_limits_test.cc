// Limits, device filters and statistics of a container's cgroup in the real kernel.
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cgroups/oom_events.h"
#include "cgroups/stats.h"
#include "tests/integration/cgroups_fixture.h"
#include "tests/support/temp_dir.h"

namespace myrt::cgroups {

namespace {

void check_pids_updates(const Location& location) {
  oci::Resources zero;
  zero.pids_limit = 0;
  must(update(location, zero));
  oci::Resources ten;
  ten.pids_limit = 10;
  must(update(location, ten));
  must(update(location, zero));
  CHECK(file_of(location, "pids", "pids.max") == "10");
}

void check_memory_updates(const Location& location, const oci::Resources& made_with) {
  const std::string file = host().mode == Mode::v2 ? "memory.max" : "memory.limit_in_bytes";
  CHECK(file_of(location, "memory", file) == std::to_string(*made_with.memory->limit));
  for (const std::int64_t limit : {128 << 20, 32 << 20}) {
    oci::Resources change;
    change.memory.emplace();
    change.memory->limit = limit;
    change.memory->swap = limit;
    must(update(location, change));
    CHECK(file_of(location, "memory", file) == std::to_string(limit));
  }
}

// The container was made with a quota of 20000 in 50000; changing the period keeps the quota.
void check_cpu_updates(const Location& location) {
  const bool v2 = host().mode == Mode::v2;
  CHECK((v2 ? file_of(location, "cpu", "cpu.max") == "20000 50000"
            : file_of(location, "cpu", "cpu.cfs_quota_us") == "20000"));
  oci::Resources change;
  change.cpu.emplace();
  change.cpu->period = 100000;
  must(update(location, change));
  CHECK((v2 ? file_of(location, "cpu", "cpu.max") == "20000 100000"
            : file_of(location, "cpu", "cpu.cfs_period_us") == "100000"));
}

}  // namespace

TEST_CASE("limits are set and updated, and zero leaves them", "[root][cgroups][CPI-02][CME-03]") {
  if (!is_root()) return;
  const Cleanup cleanup;
  oci::Resources resources;
  if (has_controller_here("pids")) resources.pids_limit = 0;
  const bool memory = has_controller_here("memory");
  if (memory) {
    resources.memory.emplace();
    resources.memory->limit = 64 << 20;
    resources.memory->swap = 64 << 20;
  }
  const bool cpu = has_controller_here("cpu");
  if (cpu) {
    resources.cpu.emplace();
    resources.cpu->shares = 512;
    resources.cpu->quota = 20000;
    resources.cpu->period = 50000;
  }
  if (has_controller_here("cpuset")) {
    if (!resources.cpu) resources.cpu.emplace();
    resources.cpu->cpus = "0";
  }
  Cgroup cgroup = must(Cgroup::create(plan_for(resources)));
  must(cgroup.apply_before_join());
  Member member(cgroup, [] { return ::fork() < 0 ? 0 : 1; });
  must(cgroup.apply_after_join());
  const Location location = cgroup.location();

  if (resources.pids_limit) {
    CHECK(file_of(location, "pids", "pids.max") == "0");
    member.go();
    CHECK(member.wait().code == 0);
    check_pids_updates(location);
  }
  if (memory) check_memory_updates(location, resources);
  if (cpu) check_cpu_updates(location);
  if (resources.cpu && !resources.cpu->cpus.empty()) {
    CHECK(file_of(location, "cpuset", "cpuset.cpus") == "0");
  }
}

TEST_CASE("a controller that the host lacks is named, with the setting's pointer",
          "[root][cgroups][CUN-04]") {
  if (!is_root() || has_controller_here("rdma")) return;
  const Cleanup cleanup;
  oci::Resources resources;
  resources.rdma["mlx5_0"].hca_handles = 3;

  Result<Cgroup> cgroup = Cgroup::create(plan_for(resources));
  const Error error = cgroup.ok() ? cgroup->apply_after_join().error() : cgroup.error();

  CHECK(error.code == ErrorCode::unsupported);
  CHECK(error.pointer == "/linux/resources/rdma/mlx5_0");
  CHECK_THAT(error.message, Catch::Contains("`rdma` is not available"));
}

TEST_CASE("only the default devices and those of the config can be opened",
          "[root][cgroups][CDV-01][CDV-02][CDV-03]") {
  if (!is_root()) return;
  const Cleanup cleanup;
  const test::TempDir nodes;
  const std::string log = nodes / "kmsg";
  const std::string zero = nodes / "zero";
  const std::string memory = nodes / "mem";
  REQUIRE(::mknod(log.c_str(), S_IFCHR | 0666, ::makedev(1, 11)) == 0);
  REQUIRE(::mknod(zero.c_str(), S_IFCHR | 0666, ::makedev(1, 5)) == 0);
  REQUIRE(::mknod(memory.c_str(), S_IFCHR | 0666, ::makedev(1, 1)) == 0);
  REQUIRE(sys::UniqueFd(::open(log.c_str(), O_RDONLY | O_CLOEXEC)).valid());
  oci::Resources resources;
  resources.devices = {
      {.allow = false, .type = 'a', .major = {}, .minor = {}, .access = "rwm"},
      {.allow = true, .type = 'c', .major = 1, .minor = 11, .access = "r"},
  };
  Cgroup cgroup = must(Cgroup::create(plan_for(resources)));
  must(cgroup.apply_before_join());
  Member member(cgroup, [&] {
    const auto opens = [](const std::string& path, int flags) {
      return sys::UniqueFd(::open(path.c_str(), flags | O_CLOEXEC)).valid();
    };
    if (!opens(zero, O_RDWR)) return 1;
    if (!opens(log, O_RDONLY)) return 2;
    if (opens(log, O_WRONLY) || errno != EPERM) return 3;
    if (opens(memory, O_RDONLY) || errno != EPERM) return 4;
    if (::mknod((nodes / "new").c_str(), S_IFCHR | 0600, ::makedev(1, 1)) != 0) return 5;
    return 0;
  });
  must(cgroup.apply_after_join());
  must(cgroup.apply_device_rules());
  must(cgroup.apply_device_rules());  // the second filter replaces the first

  member.go();

  CHECK(member.wait().code == 0);
}

TEST_CASE("statistics come from the running container", "[root][cgroups]") {
  if (!is_root()) return;
  const Cleanup cleanup;
  oci::Resources resources;
  if (has_controller_here("pids")) resources.pids_limit = 9;
  Cgroup cgroup = must(Cgroup::create(plan_for(resources)));
  Member member(cgroup, [] { return 0; });
  must(cgroup.apply_after_join());

  const Stats stats = must(read_stats(cgroup.location()));

  CHECK(stats.cpu.total_ns.has_value());
  CHECK(stats.cpu.user_ns.has_value());
  if (resources.pids_limit) {
    CHECK(stats.pids.current == std::uint64_t{1});
    CHECK(stats.pids.limit == std::uint64_t{9});
  }
  if (has_controller_here("memory")) {
    REQUIRE(stats.memory.usage.has_value());
    CHECK(stats.memory.usage->usage.value_or(0) > 0);
    CHECK_FALSE(stats.memory.raw.empty());
  } else {
    CHECK_FALSE(stats.memory.usage.has_value());
  }
  member.go();
  CHECK(member.wait().code == 0);
  const Location location = cgroup.location();
  must(remove(location));
  CHECK(read_stats(location).error().code == ErrorCode::not_found);
}

TEST_CASE("an OOM kill is an event", "[root][cgroups]") {
  if (!is_root()) return;
  const Cleanup cleanup;
  if (!has_controller_here("memory")) {
    const Cgroup cgroup = must(Cgroup::create(plan_for({})));
    CHECK(OomEvents::open(cgroup.location()).error().code == ErrorCode::unsupported);
    return;
  }
  oci::Resources resources;
  resources.memory.emplace();
  resources.memory->limit = 16 << 20;
  resources.memory->swap = 16 << 20;
  Cgroup cgroup = must(Cgroup::create(plan_for(resources)));
  Member member(cgroup, [] {
    constexpr std::size_t kBytes = 64U << 20U;
    void* memory = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return memory == MAP_FAILED ? 1 : 0;
  });
  must(cgroup.apply_after_join());
  OomEvents events = must(OomEvents::open(cgroup.location()));
  CHECK(must(events.take()) == OomEvents::Change::none);

  member.go();

  const sys::ExitStatus status = member.wait();
  CHECK(status.signaled);
  pollfd wait = {.fd = events.fd(), .events = events.poll_events(), .revents = 0};
  REQUIRE(::poll(&wait, 1, 5000) == 1);
  CHECK(must(events.take()) == OomEvents::Change::oom);
  CHECK(events.counters().oom_kill >= 1);
}

}  // namespace myrt::cgroups
