#include "shim/bundle_record.h"

#include <fcntl.h>

#include "shim/options.h"
#include "sys/files.h"

namespace myrt::shim {
namespace {

constexpr const char* kName = "myrt-shim";  // two lines: the root, the cgroup manager
constexpr mode_t kMode = 0600;

}  // namespace

Result<> write_bundle_record(const std::string& bundle, const BundleRecord& record) {
  const sys::UniqueFd directory = TRY(sys::open(bundle, O_PATH | O_DIRECTORY));
  const std::string text =
      fmt::format("{}\n{}\n", record.root, record.systemd_cgroup ? "systemd" : "cgroupfs");
  return sys::write_atomic_at(directory.get(), kName, text, kMode);
}

BundleRecord read_bundle_record(const std::string& bundle) {
  BundleRecord record{Options().root};
  const auto text = sys::read_file(fmt::format("{}/{}", bundle, kName));
  if (!text.ok()) return record;
  const std::size_t end = text->find('\n');
  if (end == std::string::npos || end == 0) return record;
  record.root = text->substr(0, end);
  record.systemd_cgroup = text->substr(end + 1) == "systemd\n";
  return record;
}

}  // namespace myrt::shim
