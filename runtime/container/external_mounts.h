// The mounts of a container that come from the host: which of the config's sources each of them
// shows. CRIU cannot save them; it is told what to put in their place.
//
// They are found by what they are, a file or directory of the host, and never by the path at which
// the config wanted them: symlinks of the image lead that path elsewhere, and a container that
// changes them would have another source put in its place (CVE-2026-119101 and its class).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mounts/plan.h"
#include "sys/procfs.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::container {

struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

// One line of the container's mountinfo, and what is at its root.
struct ObservedMount {
  sys::MountInfo info;
  std::optional<FileIdentity> root;  // nullopt: covered by another mount
};

// What a source is of: a bind of the plan, a device that is bound, or /dev/null over masked files.
enum class SourceKind : std::uint8_t { mount, device, mask };

struct HostSource {
  SourceKind kind = SourceKind::mount;
  std::size_t index = 0;    // of Plan::steps or Plan::devices
  std::string destination;  // as planned; empty for masks, of which there can be many
  std::string path;         // on the host
  bool recursive = false;
  FileIdentity identity;
};

struct ExternalMount {
  SourceKind kind = SourceKind::mount;
  std::size_t index = 0;
  std::string destination;  // of the source
  std::string below;        // for a mount that came with a recursive bind: its path in the source
  std::string mount_point;  // where the kernel says that it is, and
  std::string options;      // with which per-mount options
  bool operator==(const ExternalMount&) const = default;
};

// The container's root directory, as its process `pid` has it, and every mount that it sees.
// Errors: system.
Result<sys::UniqueFd> open_container_root(const sys::Procfs& procfs, pid_t pid);
Result<std::vector<ObservedMount>> observe_mounts(const sys::Procfs& procfs, pid_t pid,
                                                  int root_fd);

// CRIU gets the sources of binds from the host, where one that an earlier mount of the container
// makes (BindMount::inside) is not. Errors: unsupported.
Result<> check_sources_are_outside(const mounts::Plan& plan);

// The sources of a plan as they are on the host now; one that is gone is left out.
std::vector<HostSource> host_sources(const mounts::Plan& plan);

// Pairs mounts with sources. A source that is mounted where it was planned to be goes first, so
// that two binds of one directory keep their places. Pure.
std::vector<ExternalMount> match_mounts(const std::vector<ObservedMount>& observed,
                                        const std::vector<HostSource>& sources);

// Adds the mounts that came along with recursive binds.
void add_submounts(const std::vector<ObservedMount>& observed,
                   const std::vector<HostSource>& sources, std::vector<ExternalMount>& external);

// A mount that is neither external nor of a kind that CRIU saves, or whose name CRIU cannot read
// back: the error says which. Pure.
Result<> check_mounts(const std::vector<ObservedMount>& observed,
                      const std::vector<ExternalMount>& external);

}  // namespace myrt::container
