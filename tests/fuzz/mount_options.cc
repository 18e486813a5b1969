// The options of a mount, one a line, and the plan of a mount that has them. The first letter
// chooses the filesystem.
#include <algorithm>
#include <array>

#include "mounts/options.h"
#include "mounts/plan.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace myrt;

constexpr std::array kTypes = {"bind", "tmpfs", "proc", "sysfs", "devpts", "mqueue", "cgroup", ""};
constexpr const char* kPointer = "/mounts/0/options";

void check_options(const std::vector<std::string>& options) {
  const auto parsed = mounts::parse_options(options, kPointer);
  if (!parsed.ok()) {
    fuzz::check_error(parsed.error(), {ErrorCode::invalid_config});
    HOLDS(parsed.error().pointer.starts_with(kPointer), parsed.error().pointer);
    return;
  }
  static const auto kNames = mounts::option_names();
  for (const std::string& word : parsed->data) {
    HOLDS(std::count(options.begin(), options.end(), word) > 0, word);
    HOLDS(!std::binary_search(kNames.begin(), kNames.end(), word), word);
  }
  // Saying it twice changes nothing but the lists.
  std::vector<std::string> twice = options;
  twice.insert(twice.end(), options.begin(), options.end());
  auto again = mounts::parse_options(twice, kPointer);
  HOLDS(again.ok(), "refused the second time");
  HOLDS(again->data.size() == 2 * parsed->data.size(), "data");
  again->data = parsed->data;
  again->propagation = parsed->propagation;
  HOLDS(*again == *parsed, "another meaning the second time");
}

void check_plan(const oci::Spec& spec) {
  mounts::Inputs inputs;
  inputs.bundle = "/b";
  inputs.rootfs = "/b/rootfs";
  inputs.cgroup.hierarchies = {
      {.name = "", .mount_point = "/sys/fs/cgroup", .container_path = "/web1", .links = {}}};
  const auto planned = mounts::plan(spec, inputs);
  if (!planned.ok()) {
    fuzz::check_error(planned.error(), {ErrorCode::invalid_config, ErrorCode::unsupported});
    HOLDS(planned.error().pointer.starts_with("/mounts/0"), planned.error().message);
    return;
  }
  HOLDS(mounts::to_string(*planned) == mounts::to_string(*mounts::plan(spec, inputs)), "unstable");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  oci::Mount mount;
  mount.type = kTypes.at(input.choice(kTypes.size()));
  mount.source = "src";
  mount.destination = "/" + input.line();
  mount.options = input.lines();
  check_options(mount.options);
  oci::Spec spec;
  spec.root.emplace();
  spec.mounts = {mount};
  check_plan(spec);
  return 0;
}
