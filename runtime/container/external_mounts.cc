#include "runtime/container/external_mounts.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "mounts/sources.h"
#include "sys/files.h"
#include "sys/mount_id.h"
#include "sys/paths.h"

namespace myrt::container {
namespace {

using sys::UniqueFd;

// What CRIU makes anew from its images (criu/filesystems.c).
constexpr std::array<std::string_view, 14> kSavable = {
    "autofs", "binfmt_misc", "cgroup", "cgroup2", "debugfs",    "devpts", "devtmpfs",
    "mqueue", "proc",        "pstore", "sysfs",   "securityfs", "tmpfs",  "tracefs"};

FileIdentity identity_of(const struct stat& status) { return {status.st_dev, status.st_ino}; }

std::optional<FileIdentity> identity_at(const std::string& path, bool follow) {
  const int flags = O_PATH | (follow ? 0 : O_NOFOLLOW);
  const auto fd = sys::open(path, flags);
  if (!fd.ok()) return std::nullopt;
  const auto status = sys::stat_fd(fd->get());
  if (!status.ok()) return std::nullopt;
  return identity_of(*status);
}

std::optional<FileIdentity> root_of(const sys::MountInfo& mount, int root_fd) {
  const auto fd = sys::open_in_root(root_fd, mount.mount_point, O_PATH);
  if (!fd.ok()) return std::nullopt;
  const auto id = sys::mount_id(fd->get());
  if (!id.ok() || *id != mount.id) return std::nullopt;
  const auto status = sys::stat_fd(fd->get());
  if (!status.ok()) return std::nullopt;
  return identity_of(*status);
}

void add_source(HostSource source, bool follow, std::vector<HostSource>& sources) {
  const auto identity = identity_at(source.path, follow);
  if (!identity) return;
  source.identity = *identity;
  sources.push_back(std::move(source));
}

bool is_below(const std::string& path, const std::string& directory) {
  return path.size() > directory.size() && path.starts_with(directory) &&
         path[directory.size()] == '/';
}

const ExternalMount* find_external(const std::vector<ExternalMount>& external,
                                   const std::string& mount_point) {
  const auto found = std::ranges::find(external, mount_point, &ExternalMount::mount_point);
  return found == external.end() ? nullptr : &*found;
}

ExternalMount paired(const ObservedMount& mount, const HostSource& source) {
  return {source.kind, source.index,           source.destination,
          "",          mount.info.mount_point, mount.info.options};
}

// The source with the same root that nobody has yet; `at_its_place`: and that was planned here.
std::size_t find_source(const ObservedMount& mount, const std::vector<HostSource>& sources,
                        const std::vector<bool>& taken, bool at_its_place) {
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (taken[i] || sources[i].identity != *mount.root) continue;
    if (!at_its_place || sources[i].destination == mount.info.mount_point) return i;
  }
  return sources.size();
}

// The device of a mount's filesystem: binds of one that is there anyway are CRIU's business.
bool on_a_known_filesystem(const ObservedMount& mount, const std::vector<ObservedMount>& observed,
                           const std::vector<ExternalMount>& external) {
  return std::ranges::any_of(observed, [&](const ObservedMount& other) {
    const std::string& point = other.info.mount_point;
    const bool known = point == "/" || find_external(external, point) != nullptr;
    return known && other.root && mount.root && other.root->device == mount.root->device;
  });
}

}  // namespace

Result<UniqueFd> open_container_root(const sys::Procfs& procfs, pid_t pid) {
  const UniqueFd process = TRY(procfs.open_at(fmt::format("{}", pid), O_PATH | O_DIRECTORY));
  return sys::open_at(process.get(), "root", O_PATH | O_DIRECTORY);
}

Result<std::vector<ObservedMount>> observe_mounts(const sys::Procfs& procfs, pid_t pid,
                                                  int root_fd) {
  std::vector<ObservedMount> observed;
  for (sys::MountInfo& mount :
       TRY(sys::parse_mountinfo(TRY(procfs.read(fmt::format("{}/mountinfo", pid)))))) {
    auto root = root_of(mount, root_fd);
    observed.push_back({std::move(mount), root});
  }
  return observed;
}

Result<> check_sources_are_outside(const mounts::Plan& plan) {
  const auto index = mounts::first_inside_source(plan);
  if (!index) return {};
  return Result<>(make_error(ErrorCode::unsupported,
                             fmt::format("mounts[{}]: checkpoints of a container whose mounts have "
                                         "their sources in other ones of it",
                                         *index)))
      .at(fmt::format("/mounts/{}/source", *index));
}

std::vector<HostSource> host_sources(const mounts::Plan& plan) {
  std::vector<HostSource> sources;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const auto* bind = std::get_if<mounts::BindMount>(&plan.steps[i].action);
    if (bind == nullptr) continue;
    add_source({SourceKind::mount,
                i,
                plan.steps[i].destination,
                bind->source,
                bind->recursive == sys::Recursive::yes,
                {}},
               !bind->source_nofollow && !bind->copy_symlink, sources);
  }
  if (plan.device_method == mounts::DeviceMethod::bind) {
    for (std::size_t i = 0; i < plan.devices.size(); ++i) {
      const std::string& path = plan.devices[i].path;
      add_source({SourceKind::device, i, path, path, false, {}}, true, sources);
    }
  }
  if (!plan.masked_paths.empty()) {
    add_source({SourceKind::mask, 0, "", "/dev/null", false, {}}, true, sources);
  }
  return sources;
}

std::vector<ExternalMount> match_mounts(const std::vector<ObservedMount>& observed,
                                        const std::vector<HostSource>& sources) {
  std::vector<ExternalMount> external;
  std::vector<bool> taken(sources.size(), false);
  for (const bool at_its_place : {true, false}) {
    for (const ObservedMount& mount : observed) {
      const std::string& point = mount.info.mount_point;
      if (point == "/" || !mount.root || find_external(external, point) != nullptr) continue;
      const std::size_t i = find_source(mount, sources, taken, at_its_place);
      if (i == sources.size()) continue;
      taken[i] = sources[i].kind != SourceKind::mask;
      external.push_back(paired(mount, sources[i]));
    }
  }
  return external;
}

void add_submounts(const std::vector<ObservedMount>& observed,
                   const std::vector<HostSource>& sources, std::vector<ExternalMount>& external) {
  for (const HostSource& source : sources) {
    if (!source.recursive) continue;
    const auto whole = std::ranges::find_if(external, [&](const ExternalMount& mount) {
      return mount.kind == source.kind && mount.index == source.index && mount.below.empty();
    });
    if (whole == external.end()) continue;
    const ExternalMount top = *whole;
    for (const ObservedMount& mount : observed) {
      const std::string& point = mount.info.mount_point;
      if (!mount.root || !is_below(point, top.mount_point)) continue;
      if (find_external(external, point) != nullptr) continue;
      const std::string below = point.substr(top.mount_point.size());
      // Another mount of the config may lie there, which is not the host's.
      if (identity_at(source.path + below, false) != mount.root) continue;
      external.push_back({top.kind, top.index, top.destination, below, point, mount.info.options});
    }
  }
}

Result<> check_mounts(const std::vector<ObservedMount>& observed,
                      const std::vector<ExternalMount>& external) {
  for (const ObservedMount& mount : observed) {
    const std::string& point = mount.info.mount_point;
    if (point.find("]:") != std::string::npos) {
      return make_error(ErrorCode::unsupported,
                        fmt::format("mount `{}`: CRIU cannot read a name with `]:` in it", point));
    }
    if (point == "/" || find_external(external, point) != nullptr) continue;
    if (std::ranges::find(kSavable, mount.info.fstype) != kSavable.end()) continue;
    if (on_a_known_filesystem(mount, observed, external)) continue;
    return make_error(
        ErrorCode::unsupported,
        fmt::format("mount `{}` of type `{}` is none of the config's, and CRIU cannot save it",
                    point, mount.info.fstype));
  }
  return {};
}

}  // namespace myrt::container
