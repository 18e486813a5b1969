// `validate`: all that is wrong with a configuration, for the person who writes it.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "capabilities/apply.h"
#include "capabilities/plan.h"
#include "runtime/container/blueprint.h"
#include "runtime/inspection/host_problems.h"
#include "runtime/inspection/plan_problems.h"
#include "runtime/myrt.h"
#include "sys/files.h"

namespace myrt {
namespace {

using inspection::Remarks;

struct Files {
  std::string bundle, config;  // absolute
};

Result<Files> files_of(const std::string& path) {
  Files files{TRY(container::absolute_path(path)), {}};
  const sys::UniqueFd fd = TRY(sys::open(files.bundle, O_PATH));
  if (S_ISDIR(TRY(sys::stat_fd(fd.get())).st_mode)) {
    files.config = files.bundle + "/config.json";
  } else {
    files.config = files.bundle;
    files.bundle = files.bundle.substr(0, std::max<std::size_t>(1, files.bundle.rfind('/')));
  }
  return files;
}

// What only follows from a known error would send the reader to the wrong place.
bool follows_from(const oci::Remark& remark, const Remarks& known) {
  const auto is_at_or_above = [](std::string_view above, std::string_view below) {
    return below.starts_with(above) && (above.size() == below.size() || below[above.size()] == '/');
  };
  return std::any_of(known.begin(), known.end(), [&](const oci::Remark& earlier) {
    return earlier.severity == oci::Severity::error &&
           (is_at_or_above(earlier.pointer, remark.pointer) ||
            is_at_or_above(remark.pointer, earlier.pointer));
  });
}

bool is_error(const oci::Remark& remark) { return remark.severity == oci::Severity::error; }

// Adds those that are selected and do not follow from what was there before.
template <class Predicate>
void add(Remarks& remarks, const Remarks& more, Predicate selected) {
  const Remarks known = remarks;
  for (const oci::Remark& remark : more) {
    if (selected(remark) && !follows_from(remark, known)) remarks.push_back(remark);
  }
}

void capability_warnings(const oci::Spec& spec, Remarks& remarks) {
  if (!spec.process) return;
  const auto wanted = capabilities::requested(spec.process->capabilities);
  const bool own_user_namespace =
      spec.linux && std::any_of(spec.linux->namespaces.begin(), spec.linux->namespaces.end(),
                                [](const oci::Namespace& entry) {
                                  return entry.type == oci::NamespaceType::user;
                                });
  const auto available = container::available_capabilities(own_user_namespace, wanted);
  if (!available.ok()) return;
  const auto plan = capabilities::plan(spec.process->capabilities, *available);
  if (!plan.ok()) return;
  for (const std::string& warning : plan->warnings) {
    remarks.push_back({oci::Severity::warning, "/process/capabilities", warning, 0, 0, {}});
  }
}

// Warnings of planning begin with their pointer, where they have one.
oci::Remark warning_remark(const std::string& warning) {
  const std::size_t colon = warning.find(": ");
  if (!warning.starts_with('/') || colon == std::string::npos) {
    return {oci::Severity::warning, "", warning, 0, 0, {}};
  }
  return {oci::Severity::warning, warning.substr(0, colon), warning.substr(colon + 2), 0, 0, {}};
}

Result<Remarks> look_at_host(const Context& context, const std::string& bundle,
                             const oci::Spec& spec) {
  Remarks remarks;
  const sys::Procfs procfs = TRY(sys::Procfs::open());
  CreateOptions options;
  options.id = "validate";
  options.bundle = bundle;
  const auto inputs = container::gather_inputs(context, options, bundle, spec, procfs);
  std::optional<plan::ContainerPlan> plan;
  if (inputs.ok()) {
    inspection::Planned planned = inspection::plan_all(spec, *inputs);
    remarks = std::move(planned.problems);
    plan = std::move(planned.rest);
  } else {
    remarks.push_back(inspection::to_remark(inputs.error()));
  }
  if (plan) {
    for (const std::string& warning : plan->warnings) remarks.push_back(warning_remark(warning));
  }
  capability_warnings(spec, remarks);
  const inspection::Subject subject{spec, bundle, plan, procfs};
  inspection::kernel_problems(subject, remarks);
  inspection::file_problems(subject, remarks);
  return remarks;
}

// Without this host: what planning says that holds on any.
Remarks plan_anywhere(const std::string& bundle, const oci::Spec& spec) {
  plan::Inputs inputs;
  inputs.id = "validate";
  inputs.bundle = bundle;
  return inspection::plan_all(spec, inputs).problems;
}

}  // namespace

Result<Validation> validate(const Context& context, const ValidateOptions& options) {
  const Files files = TRY(files_of(options.path).in_phase(Phase::arguments));
  const std::string text = TRY(sys::read_file(files.config).in_phase(Phase::parse));
  oci::Inspection inspection = oci::inspect_spec(text);
  Validation validation{files.config, std::move(inspection.remarks)};
  const bool readable =
      std::none_of(validation.remarks.begin(), validation.remarks.end(), [](const auto& remark) {
        return remark.severity == oci::Severity::error && remark.pointer.empty();
      });
  if (!readable) return validation;
  Remarks more;
  if (options.host == Switch::on) {
    more = TRY(look_at_host(context, files.bundle, inspection.spec));
  } else {
    more = plan_anywhere(files.bundle, inspection.spec);
    std::erase_if(more, [](const auto& remark) { return remark.severity != oci::Severity::error; });
  }
  add(validation.remarks, more, [](const auto& remark) { return is_error(remark); });
  add(validation.remarks, more, [](const auto& remark) { return !is_error(remark); });
  oci::locate(text, validation.remarks);
  return validation;
}

}  // namespace myrt
