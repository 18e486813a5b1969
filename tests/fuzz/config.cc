// config.json: parser, validation, inspection, and the plans on five kinds of host.
#include "tests/fuzz/fuzz.h"

#define JSON_NO_IO 1
#include <nlohmann/json.hpp>

#include "oci-spec/inspect.h"
#include "oci-spec/parse.h"
#include "runtime/inspection/plan_problems.h"
#include "tests/fuzz/hosts.h"

namespace {

using namespace myrt;

void check_problems(const std::vector<oci::Problem>& problems) {
  for (const oci::Problem& problem : problems) {
    HOLDS(fuzz::is_json_pointer(problem.pointer), problem.pointer);
    HOLDS(!problem.message.empty(), problem.pointer);
  }
  if (problems.empty()) return;
  const Error error = oci::to_error(problems);
  fuzz::check_error(error, {ErrorCode::invalid_config});
  HOLDS(error.pointer == problems.front().pointer, error.message);
}

// `validate` sees what `create` refuses, and each remark is at a place of the document.
void check_inspection(std::string_view json, const oci::Parsed<oci::Spec>& parsed) {
  const oci::Inspection inspection = oci::inspect_spec(json);
  for (const oci::Problem& problem : parsed.problems) {
    bool found = false;
    for (const oci::Remark& remark : inspection.remarks) {
      found |= remark.pointer == problem.pointer && remark.message == problem.message;
    }
    HOLDS(found, problem.pointer + ": " + problem.message);
  }
  for (const oci::Remark& remark : inspection.remarks) {
    HOLDS(fuzz::is_json_pointer(remark.pointer), remark.pointer);
    HOLDS(remark.line > 0 && remark.column > 0, remark.message);
  }
  if (parsed.problems.empty()) HOLDS(inspection.spec == parsed.value, "another spec");
}

// What is between the tokens of the document counts for nothing.
void check_print(std::string_view json, const oci::Spec& spec) {
  const auto document = nlohmann::ordered_json::parse(json, nullptr, false);
  HOLDS(!document.is_discarded(), "parsed, but not by the JSON library");
  const auto again = oci::parse_spec(document.dump(2));
  HOLDS(again.problems.empty() && again.value == spec, document.dump(2));
}

void check_plans(const oci::Spec& spec) {
  static const std::vector<plan::Inputs> kHosts = fuzz::hosts();
  for (const plan::Inputs& host : kHosts) {
    const auto plan = plan::plan_container(spec, host);
    if (!plan.ok()) {
      fuzz::check_error(plan.error(), {ErrorCode::invalid_config, ErrorCode::unsupported});
      continue;
    }
    const std::string text = plan::to_string(*plan);
    const auto again = plan::plan_container(spec, host);
    HOLDS(again.ok() && *again == *plan && plan::to_string(*again) == text, text);
  }
  for (const oci::Remark& remark : inspection::plan_all(spec, kHosts.front()).problems) {
    HOLDS(fuzz::is_json_pointer(remark.pointer), remark.pointer);
    HOLDS(!remark.message.empty(), remark.pointer);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  const auto parsed = oci::parse_spec(json);
  check_problems(parsed.problems);
  check_inspection(json, parsed);
  if (!parsed.problems.empty()) return 0;
  check_print(json, parsed.value);
  check_plans(parsed.value);
  return 0;
}
