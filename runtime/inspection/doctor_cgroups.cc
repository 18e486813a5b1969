#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include "cgroups/devices_attach.h"
#include "cgroups/hierarchy.h"
#include "cgroups/tree.h"
#include "runtime/inspection/checkup.h"
#include "sys/files.h"

namespace myrt::inspection {
namespace {

bool is_root() { return ::geteuid() == 0; }

struct Controller {
  const char* name;     // of v2
  const char* name_v1;  // empty: v2 needs none
  Verdict verdict;
  const char* consequence;
};

constexpr auto kControllers = std::to_array<Controller>({
    {"memory", "memory", Verdict::warning, "memory limits are refused"},
    {"cpu", "cpu", Verdict::warning, "CPU shares and quotas are refused"},
    {"pids", "pids", Verdict::warning, "pids limits are refused"},
    {"cpuset", "cpuset", Verdict::note, "CPU and memory node lists are refused"},
    {"io", "blkio", Verdict::note, "block IO limits are refused"},
    {"hugetlb", "hugetlb", Verdict::note, "huge page limits are refused"},
    {"", "devices", Verdict::failure, "no container can have its devices filtered"},
    {"", "freezer", Verdict::note, "pause works only through cgroup v2"},
});

std::string own_directory(const cgroups::Hierarchy& hierarchy) {
  return hierarchy.own_path == "/" ? hierarchy.mount_point
                                   : hierarchy.mount_point + hierarchy.own_path;
}

// A v2 cgroup with processes has children without controllers, so siblings are what is made.
std::string parent_of_containers(const cgroups::Host& host, const cgroups::Hierarchy& hierarchy) {
  if (is_root()) return hierarchy.mount_point;
  std::string directory = own_directory(hierarchy);
  if (host.mode == cgroups::Mode::v2 && directory != hierarchy.mount_point) {
    directory.resize(directory.rfind('/'));
  }
  return directory;
}

Result<> make_cgroup(const std::string& parent) {
  const std::string directory = fmt::format("{}/myrt-doctor-{}", parent, ::getpid());
  if (::mkdir(directory.c_str(), 0755) != 0) {
    return errno_error("mkdir", fmt::format("mkdir `{}`", directory));
  }
  if (::rmdir(directory.c_str()) != 0) {
    return errno_error("rmdir", fmt::format("rmdir `{}`", directory));
  }
  return {};
}

void check_making(const cgroups::Host& host, Checkup& checkup) {
  for (const cgroups::Hierarchy& hierarchy : host.hierarchies) {
    const auto made = make_cgroup(parent_of_containers(host, hierarchy));
    if (made.ok()) continue;
    checkup.bad("make a cgroup", is_root() ? Verdict::failure : Verdict::warning,
                made.error().message,
                is_root() ? "no container can be made, except with --cgroup-manager=disabled"
                          : "rootless containers run without limits in the caller's cgroup",
                is_root() ? fmt::format("mount -o remount,rw {}", hierarchy.mount_point)
                          : "start the caller in a unit with Delegate=yes: systemd-run --user "
                            "--scope -p Delegate=yes COMMAND");
    return;
  }
  checkup.ok("make a cgroup",
             fmt::format("below {}", parent_of_containers(host, host.hierarchies.back())));
}

std::set<std::string> controllers_of(const cgroups::Host& host) {
  std::set<std::string> names;
  for (const cgroups::Hierarchy& hierarchy : host.hierarchies) {
    names.insert(hierarchy.controllers.begin(), hierarchy.controllers.end());
    if (host.mode != cgroups::Mode::v2) continue;
    const auto text = sys::read_file(parent_of_containers(host, hierarchy) + "/cgroup.controllers");
    if (!text.ok()) continue;
    for (std::string& name : cgroups::split_words(*text)) names.insert(std::move(name));
  }
  return names;
}

std::string fix_for(const cgroups::Host& host, const std::string& name) {
  if (host.mode == cgroups::Mode::v2 && !is_root()) {
    return "systemctl edit user@.service, then: [Service] Delegate=cpu cpuset io memory pids";
  }
  if (name == "memory") return "boot with cgroup_enable=memory";
  if (host.mode == cgroups::Mode::v2) {
    return fmt::format(
        "a kernel with the controller, not bound to cgroup v1 (boot with "
        "cgroup_no_v1=all; see /proc/cgroups)");
  }
  return fmt::format(
      "mkdir -p /sys/fs/cgroup/{0} && mount -t cgroup -o {0} cgroup "
      "/sys/fs/cgroup/{0}",
      name);
}

void check_controllers(const cgroups::Host& host, Checkup& checkup) {
  const auto names = controllers_of(host);
  const bool v2 = host.mode == cgroups::Mode::v2;
  std::string found;
  for (const Controller& controller : kControllers) {
    const std::string name = v2 ? controller.name : controller.name_v1;
    if (name.empty()) continue;
    if (names.count(name) > 0) {
      found += (found.empty() ? "" : " ") + name;
      continue;
    }
    checkup.bad("cgroup " + name, controller.verdict, "this controller is not there",
                controller.consequence, fix_for(host, name));
  }
  if (!found.empty()) checkup.ok("cgroup controllers", found);
}

// `return 1`: every device allowed.
void check_device_filter(const cgroups::Host& host, Checkup& checkup) {
  if (host.mode != cgroups::Mode::v2 || !is_root()) return;
  const std::vector<bpf_insn> program = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 1},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
  const auto loaded = cgroups::load_devices_program(program, cgroups::OnDenied::error);
  if (loaded.ok()) {
    checkup.ok("device filter", "an eBPF program can be loaded");
  } else {
    checkup.bad("device filter", Verdict::failure, loaded.error().message,
                "no container can be made: its devices could not be filtered",
                "a kernel with CONFIG_CGROUP_BPF, and bpf(2) allowed where myrt runs");
  }
}

}  // namespace

void check_cgroups(Checkup& checkup) {
  const auto host = cgroups::discover();
  if (!host.ok() || host->hierarchies.empty()) {
    checkup.bad("cgroups", Verdict::failure,
                host.ok() ? "no hierarchy is mounted" : host.error().message,
                "no container can be made, except with --cgroup-manager=disabled",
                "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
    return;
  }
  checkup.ok("cgroups", fmt::format("{}, {} hierarchies", cgroups::to_string(host->mode),
                                    host->hierarchies.size()));
  check_making(*host, checkup);
  check_controllers(*host, checkup);
  check_device_filter(*host, checkup);
}

}  // namespace myrt::inspection
