#include "oci-spec/parse_sections.h"
#include "oci-spec/rule_report.h"

namespace myrt::oci {
namespace {

// Rules run on incomplete values too, so that one pass finds everything; RuleReport leaves out what
// only follows from a problem that reading has already found.
template <class T, class CheckRules>
Parsed<T> read_document(JsonDocument& document, CheckRules check_rules) {
  Parsed<T> parsed;
  const auto root = document.root();
  if (root) {
    read_value(*root, parsed.value);
    RuleReport report(document.problems());
    check_rules(parsed.value, report);
    for (Problem& problem : report.take()) {
      document.report(std::move(problem.pointer), std::move(problem.message));
    }
  }
  parsed.problems = document.take_problems();
  return parsed;
}

template <class T, class CheckRules>
Parsed<T> parse_document(std::string_view json, CheckRules check_rules) {
  JsonDocument document(json);
  return read_document<T>(document, check_rules);
}

}  // namespace

// NOLINTBEGIN(misc-use-anonymous-namespace): argument-dependent lookup has to find read_members.
static void read_members(const JsonValue& json, Root& root) {
  json.required("path", root.path);
  json.optional("readonly", root.readonly);
}
// NOLINTEND(misc-use-anonymous-namespace)

// Sections of other platforms are unknown properties like any other, and ignored (CFG-03, CFG-08).
void read_members(const JsonValue& json, Spec& spec) {
  json.required("ociVersion", spec.oci_version);
  json.required("root", spec.root);
  json.optional("mounts", spec.mounts);
  json.optional("process", spec.process);
  json.optional("hostname", spec.hostname);
  json.optional("domainname", spec.domainname);
  json.optional("hooks", spec.hooks);
  json.optional("annotations", spec.annotations);
  json.optional("linux", spec.linux);
}

Parsed<Spec> parse_spec(std::string_view json) {
  JsonDocument document(json);
  return parse_spec(document);
}

Parsed<Spec> parse_spec(JsonDocument& document) {
  return read_document<Spec>(
      document, [](const Spec& spec, RuleReport& report) { check_spec(spec, report); });
}

Parsed<Process> parse_process(std::string_view json) {
  return parse_document<Process>(
      json, [](const Process& process, RuleReport& report) { check_process(process, "", report); });
}

Parsed<Resources> parse_resources(std::string_view json) {
  return parse_document<Resources>(json, [](const Resources& resources, RuleReport& report) {
    check_resources(resources, "", report);
  });
}

Parsed<std::vector<Mount>> parse_mounts(std::string_view json) {
  JsonDocument document(json);
  Parsed<std::vector<Mount>> parsed;
  if (const auto root = document.root()) {
    if (root->kind() == JsonKind::object) {
      root->required("mounts", parsed.value);
    } else {
      read_value(*root, parsed.value);
    }
  }
  parsed.problems = document.take_problems();
  return parsed;
}

}  // namespace myrt::oci
