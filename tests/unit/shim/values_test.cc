// What is translated without a kernel: metrics, mounts of a root filesystem, loggers.
#include <sys/mount.h>

#include "shim/logger.h"
#include "shim/metrics.h"
#include "shim/rootfs.h"
#include "tests/support/catch.h"
#include "tests/unit/shim/hex.h"

using namespace myrt;
using namespace myrt::shim;
using test::hex;

namespace {

cgroups::Stats some_stats() {
  cgroups::Stats stats;
  stats.pids = {3, 10};
  stats.cpu.total_ns = 5000;
  stats.cpu.user_ns = 3000;
  stats.cpu.kernel_ns = 2000;
  stats.memory.usage = cgroups::MemoryEntry{100, 50, 60, 2};
  stats.memory.events = {{"oom_kill", 1}};
  stats.hugetlb = {{"2MB", {4, 5, 6}}};
  return stats;
}

}  // namespace

TEST_CASE("metrics of cgroup v2 have the fields of io.containerd.cgroups.v2.Metrics", "[shim]") {
  cgroups::Stats stats = some_stats();
  stats.memory.raw = {{"anon", 1}, {"thp_collapse_alloc", 2}, {"of the future", 3}};
  stats.memory.swap = cgroups::MemoryEntry{150, 70, {}, {}};
  stats.blkio.service_bytes = {{8, 1, "Read", 4}, {8, 1, "Write", 5}};
  stats.blkio.serviced = {{8, 1, "Read", 1}, {8, 1, "Write", 2}};
  const Any any = encode_metrics(stats, cgroups::Mode::v2);
  CHECK(any.type == "io.containerd.cgroups.v2.Metrics");
  CHECK(hex(any.value) ==
        "0a04"
        "0803"
        "100a"  // pids
        "1206"
        "0805"
        "1003"
        "1802"  // cpu, in microseconds
        "2214"
        "0801"
        "f80102"
        "800232"
        "880264"  // memory: anon, thp_collapse_alloc, usage, limit
        "900214"
        "980232"
        "a0023c"  // swap alone: usage, limit; the maximum
        "320e"
        "0a0c"
        "0808"
        "1001"
        "1804"
        "2005"
        "2801"
        "3002"  // io
        "3a09"
        "0804"
        "1005"
        "1a03324d42"  // hugetlb
        "4202"
        "2801");  // memory events
}

TEST_CASE("what has no limit has the highest number on cgroup v2", "[shim]") {
  cgroups::Stats stats;
  stats.pids = {3, 0};
  stats.memory.usage = cgroups::MemoryEntry{UINT64_MAX, 50, {}, {}};
  stats.memory.swap = cgroups::MemoryEntry{UINT64_MAX, 50, {}, {}};
  const std::string most = "ffffffffffffffffff01";
  CHECK(hex(encode_metrics(stats, cgroups::Mode::v2).value) ==
        "0a0d"
        "0803"
        "10" +
            most +
            "1200"
            "221b"
            "800232"
            "8802" +
            most + "9802" + most);
}

TEST_CASE("metrics of cgroup v1 have the fields of io.containerd.cgroups.v1.Metrics", "[shim]") {
  cgroups::Stats stats = some_stats();
  stats.cpu.percpu_ns = {1, 2};
  stats.cpu.periods = 7;
  stats.memory.raw = {{"cache", 1}, {"total_unevictable", 2}};
  stats.blkio.service_bytes = {{8, 1, "Read", 4}};
  stats.blkio.sectors = {{8, 1, "", 5}};
  for (const cgroups::Mode mode : {cgroups::Mode::v1, cgroups::Mode::hybrid}) {
    const Any any = encode_metrics(stats, mode);
    CHECK(any.type == "io.containerd.cgroups.v1.Metrics");
    CHECK(hex(any.value) ==
          "0a0b"
          "0804"
          "1005"
          "1806"
          "2203324d42"  // hugetlb
          "1204"
          "0803"
          "100a"  // pids
          "1a13"
          "0a0d"
          "088827"
          "10d00f"
          "18b817"
          "2001"
          "2002"
          "12020807"  // cpu
          "2210"
          "0801"
          "800202"
          "8a0208"
          "0864"
          "1032"
          "183c"
          "2002"  // memory
          "2a16"
          "0a0c"
          "0a0452656164"
          "1808"
          "2001"
          "2804"
          "4206"
          "1808"
          "2001"
          "2805"  // blkio
          "4a02"
          "1801");  // oom kills
  }
}

TEST_CASE("a root is only the container's where the host has no use for it", "[shim]") {
  const std::string rootfs = "/run/b/rootfs";
  const Mount overlay{"overlay", "overlay", "", {"lowerdir=/a:/b"}};
  oci::Spec spec;
  spec.root = oci::Root{"rootfs", false};
  spec.linux = oci::Linux{};
  spec.linux->namespaces.push_back({oci::NamespaceType::mount, ""});
  oci::Mount proc;
  proc.source = "proc";
  spec.mounts.push_back(proc);
  CHECK(place_of({overlay}, spec, rootfs) == RootfsPlace::container);
  CHECK(place_of({{"bind", "/s", "", {"rbind"}}}, spec, rootfs) == RootfsPlace::container);

  SECTION("a filesystem on a device") {
    CHECK(place_of({{"ext4", "/dev/x", "", {}}}, spec, rootfs) == RootfsPlace::host);
  }
  SECTION("no mount, or two") {
    CHECK(place_of({}, spec, rootfs) == RootfsPlace::host);
    CHECK(place_of({overlay, overlay}, spec, rootfs) == RootfsPlace::host);
  }
  SECTION("a mount in a directory of the root") {
    Mount below = overlay;
    below.target = "/x";
    CHECK(place_of({below}, spec, rootfs) == RootfsPlace::host);
  }
  SECTION("another root than that") {
    spec.root->path = "/elsewhere";
    CHECK(place_of({overlay}, spec, rootfs) == RootfsPlace::host);
    spec.root->path = "rootfs/below";
    CHECK(place_of({overlay}, spec, rootfs) == RootfsPlace::host);
    spec.root.reset();
    CHECK(place_of({overlay}, spec, rootfs) == RootfsPlace::host);
  }
  SECTION("a mount namespace of somebody else") {
    spec.linux->namespaces[0].path = "/proc/1/ns/mnt";
    CHECK(place_of({overlay}, spec, rootfs) == RootfsPlace::host);
    spec.linux->namespaces.clear();
    CHECK(place_of({overlay}, spec, rootfs) == RootfsPlace::host);
  }
  SECTION("a hook that the host runs; those of the container see its own mounts") {
    const oci::Hook hook;
    spec.hooks.create_container = {hook};
    spec.hooks.start_container = {hook};
    CHECK(place_of({overlay}, spec, rootfs) == RootfsPlace::container);
    for (auto member : {&oci::Hooks::prestart, &oci::Hooks::create_runtime, &oci::Hooks::poststart,
                        &oci::Hooks::poststop}) {
      oci::Spec hooked = spec;
      (hooked.hooks.*member).push_back(hook);
      CHECK(place_of({overlay}, hooked, rootfs) == RootfsPlace::host);
    }
  }
  SECTION("a source in the root") {
    for (const char* source :
         {"/run/b/rootfs", "/run/b/rootfs/x", "/run/b/../b/rootfs/x", "rootfs/x"}) {
      spec.mounts[0].source = source;
      CHECK(place_of({overlay}, spec, rootfs) == RootfsPlace::host);
    }
    spec.mounts[0].source = "/run/b/rootfs2";
    CHECK(place_of({overlay}, spec, rootfs) == RootfsPlace::container);
  }
}

TEST_CASE("a logger's URI is a program and its arguments", "[shim]") {
  const LoggerCommand command = parse_logger("/usr/bin/log?id=a%20b&flag&x=%zz");
  CHECK(command.path == "/usr/bin/log");
  CHECK(command.arguments ==
        std::vector<std::string>{"/usr/bin/log", "id", "a b", "flag", "x", "%zz"});
  CHECK(parse_logger("/log").arguments == std::vector<std::string>{"/log"});
}
