#include "cgroups/plan.h"

#include <algorithm>
#include <string_view>

#include "cgroups/devices_program.h"
#include "sys/weakness.h"

namespace myrt::cgroups {
namespace {

constexpr const char* kPathPointer = "/linux/cgroupsPath";
constexpr const char* kResourcesPointer = "/linux/resources";

// The components of a path, or an error for one that could lead elsewhere (CGP-05).
Result<std::vector<std::string_view>> components(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part == "..") return config_error(kPathPointer, "`..` is not allowed");
    if (part.find('\n') != std::string_view::npos || part.find('\0') != std::string_view::npos) {
      return config_error(kPathPointer, "a line break is not allowed");
    }
    if (!part.empty() && part != ".") parts.push_back(part);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  if (parts.empty()) return config_error(kPathPointer, "expected a path below the root cgroup");
  return parts;
}

std::string base_of_relative(const Hierarchy& hierarchy) {
  if (!hierarchy.controllers.empty()) {
    return hierarchy.own_path == "/" ? "" : hierarchy.own_path;
  }
  const std::size_t slash = hierarchy.own_path.rfind('/');
  return slash == std::string::npos ? "" : hierarchy.own_path.substr(0, slash);
}

Result<std::vector<Directory>> directories(const std::string& cgroups_path, const Host& host,
                                           const std::string& container_id) {
  const std::string& wanted = cgroups_path.empty() ? container_id : cgroups_path;
  const std::vector<std::string_view> parts = TRY(components(wanted));
  std::string clean;
  for (const std::string_view part : parts) {
    clean += '/';
    clean += part;
  }
  std::vector<Directory> result;
  for (const Hierarchy& hierarchy : host.hierarchies) {
    const std::string base = wanted.front() == '/' ? "" : base_of_relative(hierarchy);
    result.push_back({.controllers = hierarchy.controllers,
                      .mount_point = hierarchy.mount_point,
                      .path = base + clean});
  }
  return result;
}

// The unit that is the container's cgroup, and its one directory.
Result<> add_unit(Plan& plan, const oci::Spec& spec, const Host& host, const Inputs& inputs) {
  if (host.mode != Mode::v2 || host.hierarchies.empty()) {
    return make_error(
        ErrorCode::unsupported,
        fmt::format("the systemd cgroup driver needs cgroup v2, and this host has {}: "
                    "use --cgroup-manager=cgroupfs",
                    to_string(host.mode)));
  }
  const SystemdHost& systemd = *inputs.systemd;
  const systemd::Unit unit =
      TRY(systemd::unit_of(spec.linux ? spec.linux->cgroups_path : std::string(),
                           inputs.container_id, systemd.default_slice));
  Writes limits = plan.before_join;
  limits.insert(limits.end(), plan.after_join.begin(), plan.after_join.end());
  systemd::Properties properties =
      TRY(systemd::unit_properties(unit, inputs.container_id, limits, spec.annotations));
  plan.unit = UnitPlan{.address = {.bus = systemd.bus, .name = unit.name},
                       .properties = std::move(properties)};
  plan.directories = {{.controllers = {},
                       .mount_point = host.hierarchies.back().mount_point,
                       .path = systemd.root + unit.path}};
  // systemd has set the limit by then, and it would bind the clones of the set-up.
  for (const Write& write : plan.after_join) {
    if (write.file != "pids.max") continue;
    plan.before_join.push_back(write);
    plan.before_join.back().value = "max";
    break;
  }
  return {};
}

void add_required_controllers(Plan& plan) {
  for (const Writes* writes : {&plan.before_join, &plan.after_join}) {
    for (const Write& write : *writes) {
      auto& known = plan.required_controllers;
      if (write.controller.empty() || write.on_missing == OnMissing::skip) continue;
      if (std::find(known.begin(), known.end(), write.controller) == known.end()) {
        known.push_back(write.controller);
      }
    }
  }
}

Result<> add_devices(Plan& plan, const oci::Resources& resources, const Inputs& inputs) {
  const bool tolerated =
      inputs.user_namespace == UserNamespace::nested || inputs.rootless == Rootless::yes;
  plan.device_filter_denied = tolerated ? OnDenied::skip : OnDenied::error;
  if (resources.devices.empty() && sys::weakened("without-default-deny")) return {};
  std::vector<oci::DeviceCgroupRule> rules = resources.devices;
  const auto& defaults = default_device_rules();
  rules.insert(rules.end(), defaults.begin(), defaults.end());
  const std::string pointer = std::string(kResourcesPointer) + "/devices";
  if (plan.mode == Mode::v2) {
    TRY(devices_program(rules, pointer));
    plan.device_rules = std::move(rules);
    return {};
  }
  Writes writes = TRY(devices_writes(rules, pointer, plan.device_filter_denied));
  if (resources.devices.empty()) {
    // Nobody asked for a filter, so a host without the devices controller can still run this.
    for (Write& write : writes) write.on_missing = OnMissing::skip;
  }
  plan.device_writes = std::move(writes);
  return {};
}

std::string controllers_text(const std::vector<std::string>& controllers) {
  return controllers.empty() ? "unified" : fmt::format("{}", fmt::join(controllers, ","));
}

void print_writes(std::string& text, std::string_view title, const Writes& writes) {
  for (const Write& write : writes) {
    text += fmt::format("{}: {} = {}", title, write.file, write.value);
    if (write.alternative) {
      text += fmt::format(" (or {} = {})", write.alternative->file, write.alternative->value);
    }
    if (write.on_missing == OnMissing::skip) text += " [if present]";
    if (write.on_denied == OnDenied::skip) text += " [if permitted]";
    text += '\n';
  }
}

std::string rule_text(const oci::DeviceCgroupRule& rule) {
  const auto number = [](const std::optional<std::int64_t>& value) {
    return value ? fmt::to_string(*value) : std::string("*");
  };
  return fmt::format("{} {} {}:{} {}", rule.allow ? "allow" : "deny", rule.type, number(rule.major),
                     number(rule.minor), rule.access.empty() ? "rwm" : rule.access);
}

}  // namespace

Result<Plan> plan(const oci::Spec& spec, const Host& host, const Inputs& inputs) {
  static const oci::Resources kNoResources;
  const oci::Linux* linux = spec.linux ? &*spec.linux : nullptr;
  const oci::Resources& resources =
      linux != nullptr && linux->resources ? *linux->resources : kNoResources;

  Plan plan;
  plan.mode = host.mode;
  plan.rootless = inputs.rootless;
  if (!inputs.systemd) {
    plan.directories = TRY(directories(linux != nullptr ? linux->cgroups_path : std::string(), host,
                                       inputs.container_id));
  }
  ResourceWrites writes = TRY(host.mode == Mode::v2 ? v2_writes(resources, kResourcesPointer)
                                                    : v1_writes(resources, kResourcesPointer));
  plan.before_join = std::move(writes.before_join);
  plan.after_join = std::move(writes.after_join);
  plan.warnings = std::move(writes.warnings);
  if (inputs.systemd) TRY(add_unit(plan, spec, host, inputs));
  TRY(add_devices(plan, resources, inputs));
  if (host.mode == Mode::v2) add_required_controllers(plan);
  return plan;
}

std::string to_string(const Plan& plan) {
  std::string text = fmt::format("mode: {}\n", to_string(plan.mode));
  for (const Directory& directory : plan.directories) {
    text += fmt::format("cgroup {}: {}{}\n", controllers_text(directory.controllers),
                        directory.mount_point, directory.path);
  }
  if (plan.unit) {
    text += fmt::format("unit: {} on {}\n", plan.unit->address.name, plan.unit->address.bus);
    for (const systemd::Property& property : plan.unit->properties) {
      text += fmt::format("unit property: {} = {} {}\n", property.name, property.value.signature,
                          systemd::to_string(property.value));
    }
  }
  if (plan.rootless == Rootless::yes) text += "rootless\n";
  for (const std::string& controller : plan.required_controllers) {
    text += fmt::format("needs controller: {}\n", controller);
  }
  print_writes(text, "before join", plan.before_join);
  print_writes(text, "after join", plan.after_join);
  print_writes(text, "device rules", plan.device_writes);
  for (const oci::DeviceCgroupRule& rule : plan.device_rules) {
    text += fmt::format("device: {}\n", rule_text(rule));
  }
  if (plan.device_filter_denied == OnDenied::skip) text += "device filter: if permitted\n";
  for (const std::string& warning : plan.warnings) text += fmt::format("warning: {}\n", warning);
  return text;
}

}  // namespace myrt::cgroups
