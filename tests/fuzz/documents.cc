// The documents of `exec --process`, `update --resources` and `mounts add`, and what is planned of
// them.
#include "tests/fuzz/fuzz.h"

#define JSON_NO_IO 1
#include <nlohmann/json.hpp>

#include "cgroups/existing.h"
#include "oci-spec/documents.h"
#include "oci-spec/parse.h"
#include "runtime/init/process_plan.h"
#include "tests/fuzz/hosts.h"

namespace {

using namespace myrt;

void check_problems(const std::vector<oci::Problem>& problems) {
  if (!problems.empty()) fuzz::check_error(oci::to_error(problems), {ErrorCode::invalid_config});
}

template <class T>
void check_result(const Result<T>& result) {
  if (result.ok()) return;
  fuzz::check_error(result.error(), {ErrorCode::invalid_config, ErrorCode::unsupported});
}

void check_process(std::string_view json) {
  const auto parsed = oci::parse_process(json);
  check_problems(parsed.problems);
  if (!parsed.problems.empty()) return;
  const auto wanted = capabilities::requested(parsed.value.capabilities);
  auto capabilities = capabilities::plan(parsed.value.capabilities, wanted);
  check_result(capabilities);
  if (!capabilities.ok()) return;
  check_result(init::plan_process(parsed.value, std::nullopt, std::move(capabilities).value()));
}

void check_writes(const oci::Resources& resources) {
  for (const auto& writes : {cgroups::v1_writes(resources, "/linux/resources"),
                             cgroups::v2_writes(resources, "/linux/resources")}) {
    check_result(writes);
    if (!writes.ok()) continue;
    for (const auto* list : {&writes->before_join, &writes->after_join}) {
      for (const cgroups::Write& write : *list) {
        HOLDS(!write.file.empty() && write.file.find('/') == std::string::npos, write.file);
        HOLDS(write.file != "." && write.file != "..", write.file);
      }
    }
  }
}

void check_resources(std::string_view json) {
  const auto parsed = oci::parse_resources(json);
  check_problems(parsed.problems);
  if (!parsed.problems.empty()) return;
  check_writes(parsed.value);
  const oci::Resources without = cgroups::without_zeros(parsed.value);
  HOLDS(cgroups::without_zeros(without) == without, "without_zeros leaves zeros");
  check_writes(without);
}

void check_mounts(std::string_view json) {
  static const auto kHosts = fuzz::hosts();
  static const auto kSpec = oci::parse_spec(oci::default_spec_json({})).value;
  const auto parsed = oci::parse_mounts(json);
  check_problems(parsed.problems);
  if (!parsed.problems.empty()) return;
  const auto planned = plan::plan_hot_mounts(kSpec, parsed.value, kHosts.front());
  if (!planned.ok()) {
    fuzz::check_error(planned.error(), {ErrorCode::invalid_config, ErrorCode::invalid_argument,
                                        ErrorCode::unsupported});
    return;
  }
  const auto again = plan::plan_hot_mounts(kSpec, parsed.value, kHosts.front());
  HOLDS(again.ok() && mounts::to_string(*again) == mounts::to_string(*planned),
        mounts::to_string(*planned));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  check_process(json);
  check_resources(json);
  check_mounts(json);
  return 0;
}
