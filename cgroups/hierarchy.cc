#include "cgroups/hierarchy.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "sys/files.h"
#include "sys/procfs.h"

namespace myrt::cgroups {
namespace {

constexpr std::string_view kRoot = "/sys/fs/cgroup";
constexpr std::string_view kNamedPrefix = "name=";

// "cpu,cpuacct"; a named hierarchy is customarily mounted under its bare name.
std::string customary_name(const std::vector<std::string>& controllers) {
  std::string name;
  for (const std::string& controller : controllers) {
    if (!name.empty()) name += ',';
    name +=
        controller.starts_with(kNamedPrefix) ? controller.substr(kNamedPrefix.size()) : controller;
  }
  return name;
}

bool has_option(std::string_view options, std::string_view wanted) {
  while (!options.empty()) {
    const std::size_t comma = options.find(',');
    if (options.substr(0, comma) == wanted) return true;
    if (comma == std::string_view::npos) break;
    options.remove_prefix(comma + 1);
  }
  return false;
}

bool is_mount_of(const sys::MountInfo& mount, const std::vector<std::string>& controllers) {
  if (controllers.empty()) return mount.fstype == "cgroup2";
  return mount.fstype == "cgroup" &&
         std::all_of(controllers.begin(), controllers.end(), [&](const std::string& controller) {
           return has_option(mount.super_options, controller);
         });
}

// A container without a cgroup namespace sees the host's path in /proc/self/cgroup, but only a part
// of the hierarchy: what is mounted starts at mountinfo's root.
std::string path_below_mount(const std::string& path, const std::string& mount_root) {
  if (mount_root == "/" || !path.starts_with(mount_root)) return path;
  const std::string rest = path.substr(mount_root.size());
  if (rest.empty()) return "/";
  return rest.front() == '/' ? rest : path;
}

// mountinfo, read on the first need only.
class Mounts {
 public:
  explicit Mounts(const HostSources& sources) : sources_(sources) {}

  Result<std::optional<Hierarchy>> find(const sys::ProcessCgroup& own) {
    if (!mounts_.has_value()) {
      const std::string text = TRY(sources_.mountinfo());
      mounts_ = TRY(sys::parse_mountinfo(text));
    }
    for (const sys::MountInfo& mount : *mounts_) {
      if (!is_mount_of(mount, own.controllers)) continue;
      return std::optional(Hierarchy{.controllers = own.controllers,
                                     .mount_point = mount.mount_point,
                                     .own_path = path_below_mount(own.path, mount.root)});
    }
    return std::optional<Hierarchy>();
  }

 private:
  const HostSources& sources_;
  std::optional<std::vector<sys::MountInfo>> mounts_;
};

// At a mount point of the right type, unless only another part of the hierarchy is mounted there.
Result<std::optional<Hierarchy>> find_below(const HostSources& sources, Mounts& mounts,
                                            const sys::ProcessCgroup& own,
                                            const std::string& mount_point) {
  if (own.path == "/" || sources.is_directory(mount_point + own.path)) {
    return std::optional(Hierarchy{
        .controllers = own.controllers, .mount_point = mount_point, .own_path = own.path});
  }
  return mounts.find(own);
}

Result<std::optional<Hierarchy>> find_hierarchy(const HostSources& sources, Mounts& mounts,
                                                const sys::ProcessCgroup& own,
                                                const std::string& customary_mount_point,
                                                std::int64_t magic) {
  if (sources.filesystem_type(customary_mount_point) != magic) return mounts.find(own);
  return find_below(sources, mounts, own, customary_mount_point);
}

Result<Host> discover_unified(const HostSources& sources) {
  const std::string text = TRY(sources.process_cgroups());
  Mounts mounts(sources);
  for (const sys::ProcessCgroup& own : TRY(sys::parse_process_cgroups(text))) {
    if (!own.controllers.empty()) continue;
    std::optional<Hierarchy> found = TRY(find_below(sources, mounts, own, std::string(kRoot)));
    if (found.has_value()) {
      return Host{.mode = Mode::v2, .hierarchies = {*std::move(found)}};
    }
  }
  return Host{.mode = Mode::v2,
              .hierarchies = {Hierarchy{.controllers = {}, .mount_point = std::string(kRoot)}}};
}

}  // namespace

std::string_view to_string(Mode mode) {
  switch (mode) {
    case Mode::v1:
      return "v1";
    case Mode::hybrid:
      return "hybrid";
    case Mode::v2:
      break;
  }
  return "v2";
}

Result<Host> discover(const HostSources& sources) {
  const std::int64_t root_magic = sources.filesystem_type(std::string(kRoot));
  if (root_magic == CGROUP2_SUPER_MAGIC) return discover_unified(sources);

  const std::string text = TRY(sources.process_cgroups());
  const std::vector<sys::ProcessCgroup> own_cgroups = TRY(sys::parse_process_cgroups(text));
  Mounts mounts(sources);
  Host host;
  for (const sys::ProcessCgroup& own : own_cgroups) {
    if (own.controllers.empty()) continue;
    // With a v1 hierarchy mounted right there, a directory below it is a cgroup and no mount.
    const std::string place = root_magic == CGROUP_SUPER_MAGIC
                                  ? std::string(kRoot)
                                  : fmt::format("{}/{}", kRoot, customary_name(own.controllers));
    const std::int64_t magic = root_magic == CGROUP_SUPER_MAGIC ? -1 : CGROUP_SUPER_MAGIC;
    std::optional<Hierarchy> found = TRY(find_hierarchy(sources, mounts, own, place, magic));
    if (found.has_value()) host.hierarchies.push_back(*std::move(found));
  }
  const bool has_v1 = !host.hierarchies.empty();
  const auto unified = std::find_if(own_cgroups.begin(), own_cgroups.end(),
                                    [](const auto& own) { return own.controllers.empty(); });
  if (unified != own_cgroups.end()) {
    const std::string place = fmt::format("{}/unified", kRoot);
    // A v1 host without it is complete: worth no look at mountinfo.
    if (!has_v1 || sources.filesystem_type(place) == CGROUP2_SUPER_MAGIC) {
      std::optional<Hierarchy> found =
          TRY(find_hierarchy(sources, mounts, *unified, place, CGROUP2_SUPER_MAGIC));
      if (found.has_value()) host.hierarchies.push_back(*std::move(found));
    }
  }
  if (host.hierarchies.empty()) {
    return make_error(ErrorCode::unsupported, "no cgroup hierarchy is mounted");
  }
  const bool has_unified = host.hierarchies.back().controllers.empty();
  host.mode = !has_unified ? Mode::v1 : has_v1 ? Mode::hybrid : Mode::v2;
  return host;
}

Result<Host> discover() {
  static const HostSources kKernel = {
      .process_cgroups = [] { return sys::read_kernel_file("/proc/self/cgroup"); },
      .mountinfo = [] { return sys::read_file("/proc/self/mountinfo"); },
      .filesystem_type =
          [](const std::string& path) {
            struct statfs info {};
            return ::statfs(path.c_str(), &info) == 0 ? static_cast<std::int64_t>(info.f_type) : 0;
          },
      .is_directory =
          [](const std::string& path) {
            struct stat info {};
            return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
          },
  };
  return discover(kKernel);
}

}  // namespace myrt::cgroups
