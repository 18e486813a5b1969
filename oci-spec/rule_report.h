// Collects the spec's rules that a document breaks; the rules themselves, one function per section.
// Private to this folder.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "oci-spec/parse.h"
#include "oci-spec/spec.h"

namespace myrt::oci {

class RuleReport {
 public:
  // `known` are the problems of the values as such; a rule that looks at any of them (or at
  // something above or below) says nothing, since its verdict rests on a placeholder.
  explicit RuleReport(std::vector<Problem> known = {}) : known_(std::move(known)) {}

  // The rule about `pointer` is broken, given what stands at the pointers in `depends_on`.
  void broken(std::string pointer, std::string message,
              std::initializer_list<std::string_view> depends_on = {});
  std::vector<Problem> take() { return std::move(broken_); }

 private:
  bool is_tainted(std::string_view pointer) const;

  std::vector<Problem> known_;
  std::vector<Problem> broken_;
};

// Pointers are `base` plus the member's; `base` is where the document has the section.
void check_spec(const Spec& spec, RuleReport& report);
void check_process(const Process& process, const std::string& base, RuleReport& report);
void check_linux(const Linux& linux_section, RuleReport& report);
void check_resources(const Resources& resources, const std::string& base, RuleReport& report);
void check_seccomp(const Seccomp& seccomp, RuleReport& report);
void check_id_mappings(const std::vector<IdMapping>& mappings, const std::string& base,
                       RuleReport& report);

// The namespace entry of this type, or nullptr.
const Namespace* find_namespace(const Linux& linux_section, NamespaceType type);

}  // namespace myrt::oci
