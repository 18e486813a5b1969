#include "capabilities/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "sys/weakness.h"

namespace myrt::capabilities {
namespace {

// One set of the spec while it is planned. Unknown and unavailable names are collected once for all
// sets, since the same name usually stands in several.
struct Dropped {
  std::vector<std::string> unknown;
  Set unavailable = 0;
};

Set read_set(const std::vector<std::string>& names, Set available, Dropped& dropped) {
  Set set = 0;
  for (const std::string& name : names) {
    const std::optional<unsigned> number = number_of(name);
    if (!number) {
      if (std::find(dropped.unknown.begin(), dropped.unknown.end(), name) ==
          dropped.unknown.end()) {
        dropped.unknown.push_back(name);
      }
    } else if ((available & bit(*number)) == 0) {
      dropped.unavailable |= bit(*number);
    } else {
      set |= bit(*number);
    }
  }
  return set;
}

// The part of `set` within `limit`; what is lost is warned about.
Set within(Set set, Set limit, std::string_view name, std::string_view reason, Plan& plan) {
  if (const Set lost = set & ~limit; lost != 0) {
    plan.warnings.push_back(
        fmt::format("{} capabilities without {} are ignored: {}", name, reason, to_string(lost)));
  }
  return set & limit;
}

}  // namespace

Set requested(const std::optional<oci::LinuxCapabilities>& spec,
              const std::vector<std::string>& added) {
  Set set = 0;
  const auto add = [&set](const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (const std::optional<unsigned> number = number_of(name)) set |= bit(*number);
    }
  };
  add(added);
  if (!spec) return set;
  for (const auto* names :
       {&spec->bounding, &spec->effective, &spec->inheritable, &spec->permitted, &spec->ambient}) {
    add(*names);
  }
  return set;
}

Result<Plan> plan(const std::optional<oci::LinuxCapabilities>& spec, Set available) {
  Plan result;
  if (!spec) return result;

  available &= kAllCapabilities;
  Dropped dropped;
  result.bounding = read_set(spec->bounding, available, dropped);
  result.effective = read_set(spec->effective, available, dropped);
  result.inheritable = read_set(spec->inheritable, available, dropped);
  result.permitted = read_set(spec->permitted, available, dropped);
  result.ambient = read_set(spec->ambient, available, dropped);

  for (const std::string& name : dropped.unknown) {
    result.warnings.push_back(fmt::format("unknown capability `{}` is ignored", name));
  }
  if (dropped.unavailable != 0) {
    result.warnings.push_back(
        fmt::format("capabilities that this runtime does not hold are ignored: {}",
                    to_string(dropped.unavailable)));
  }

  // The kernel's own rules: capset(2) and PR_CAP_AMBIENT_RAISE would answer EPERM.
  result.inheritable =
      within(result.inheritable, result.bounding, "inheritable", "a bounding one", result);
  result.effective =
      within(result.effective, result.permitted, "effective", "a permitted one", result);
  const Set can_be_ambient = result.permitted & result.inheritable;
  if (const Set lost = result.ambient & ~can_be_ambient; lost != 0) {
    result.remarks.push_back(
        fmt::format("can't raise ambient capability {}: it needs to be permitted and inheritable",
                    to_string(lost)));
  }
  result.ambient &= can_be_ambient;
  return result;
}

Result<Plan> exec_plan(const std::optional<oci::LinuxCapabilities>& base,
                       const std::vector<std::string>& added, Set available) {
  oci::LinuxCapabilities sets = base.value_or(oci::LinuxCapabilities{});
  for (const std::string& name : added) {
    if (!number_of(name)) {
      return make_error(ErrorCode::invalid_argument, fmt::format("unknown capability `{}`", name));
    }
    sets.bounding.push_back(name);
    sets.effective.push_back(name);
    sets.permitted.push_back(name);
    // As runc: a config that has it inheritable means to pass it on.
    if (sys::weakened("without-empty-inheritable")) sets.inheritable.push_back(name);
    const auto& inheritable = sets.inheritable;
    if (std::find(inheritable.begin(), inheritable.end(), name) != inheritable.end()) {
      sets.ambient.push_back(name);
    }
  }
  return plan(sets, available);
}

std::string to_string(const Plan& plan) {
  std::string text =
      fmt::format("bounding: {}\neffective: {}\ninheritable: {}\npermitted: {}\nambient: {}\n",
                  to_string(plan.bounding), to_string(plan.effective), to_string(plan.inheritable),
                  to_string(plan.permitted), to_string(plan.ambient));
  for (const std::string& warning : plan.warnings) text += fmt::format("warning: {}\n", warning);
  for (const std::string& remark : plan.remarks) text += fmt::format("remark: {}\n", remark);
  return text;
}

}  // namespace myrt::capabilities
