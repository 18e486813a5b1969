// The mounts of another mount namespace, looked up by path without following what the container
// put there out of its root.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sys/procfs.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::inspection {

struct Place {
  struct stat status = {};
  const sys::MountInfo* mount = nullptr;  // that the path is on; nullptr: not visible in the table
  bool is_mount_root = false;
};

class MountTable {
 public:
  // `process` is "self" or a pid.
  static Result<MountTable> open(const sys::Procfs& procfs, const std::string& process);

  // nullopt: there is no such path.
  Result<std::optional<Place>> find(const std::string& path) const;
  const std::vector<sys::MountInfo>& mounts() const { return mounts_; }

 private:
  MountTable(sys::UniqueFd root, std::vector<sys::MountInfo> mounts)
      : root_(std::move(root)), mounts_(std::move(mounts)) {}

  sys::UniqueFd root_;
  std::vector<sys::MountInfo> mounts_;
};

}  // namespace myrt::inspection
