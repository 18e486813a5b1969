// What `delete` has to know of a container when its shim has died: kept in the bundle.
#pragma once

#include <string>

#include "sys/result.h"

namespace myrt::shim {

struct BundleRecord {
  std::string root;  // the option: the state directory without the namespace
  bool systemd_cgroup = false;
};

Result<> write_bundle_record(const std::string& bundle, const BundleRecord& record);
// The defaults when there is none: the shim died before it made anything.
BundleRecord read_bundle_record(const std::string& bundle);

}  // namespace myrt::shim
