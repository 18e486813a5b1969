#include "oci-spec/inspect.h"

#include <algorithm>
#include <array>
#include <set>

#include "oci-spec/parse_sections.h"
#include "oci-spec/problem_text.h"
#include "oci-spec/value_positions.h"

namespace myrt::oci {
namespace {

constexpr std::array<std::string_view, 5> kOtherPlatforms = {"solaris", "windows", "vm", "zos",
                                                             "freebsd"};

// Finds what no reader has asked for.
class Unread {
 public:
  Unread(const JsonDocument& document, std::string_view json, std::vector<Remark>& remarks)
      : document_(document), json_(json), positions_(value_positions(json)), remarks_(remarks) {
    for (const Remark& remark : remarks) broken_.insert(remark.pointer);
  }

  void visit(std::uint32_t index, const std::string& pointer) {
    // Readers stop at a value of the wrong kind, so what is below it says nothing.
    if (broken_.count(pointer) > 0) return;
    const JsonNode& node = document_.node(index);
    if (node.kind == JsonKind::object) visit_members(index, pointer);
    if (node.kind != JsonKind::array) return;
    std::size_t element = 0;
    for (auto child = node.first_child; child != 0; child = document_.node(child).next_sibling) {
      visit(child, pointer + "/" + std::to_string(element++));
    }
  }

 private:
  std::string_view name_of(std::uint32_t index) const {
    return document_.text(document_.node(index).key_offset, document_.node(index).key_length);
  }

  bool is_repeated_later(std::uint32_t index) const {
    for (auto later = document_.node(index).next_sibling; later != 0;
         later = document_.node(later).next_sibling) {
      if (name_of(later) == name_of(index)) return true;
    }
    return false;
  }

  void visit_members(std::uint32_t index, const std::string& pointer) {
    for (auto child = document_.node(index).first_child; child != 0;
         child = document_.node(child).next_sibling) {
      const std::string_view name = name_of(child);
      const std::string at = pointer + "/" + pointer_token(name);
      if (is_repeated_later(child)) {
        warn(child, at, "is repeated later, and only the last one counts");
      } else if (document_.was_read(child)) {
        visit(child, at);
      } else if (pointer.empty() && std::find(kOtherPlatforms.begin(), kOtherPlatforms.end(),
                                              name) != kOtherPlatforms.end()) {
        warn(child, at, "is for another platform, and has no effect");
      } else if (broken_.count(at) == 0) {
        warn(child, at, "is not a property that is read here, and has no effect");
      }
    }
  }

  void warn(std::uint32_t index, const std::string& pointer, std::string message) {
    const LineColumn place = line_column(json_, positions_.at(index).name);
    remarks_.push_back({Severity::warning, pointer, std::move(message), place.line, place.column,
                        clause_of(pointer)});
  }

  const JsonDocument& document_;
  std::string_view json_;
  std::vector<ValuePosition> positions_;
  std::vector<Remark>& remarks_;
  std::set<std::string> broken_;
};

bool is_earlier(const Remark& a, const Remark& b) {
  return std::pair(a.line, a.column) < std::pair(b.line, b.column);
}

}  // namespace

void locate(std::string_view json, std::vector<Remark>& remarks) {
  const JsonDocument document(json);
  const auto positions =
      document.size() == 0 ? std::vector<ValuePosition>() : value_positions(json);
  for (Remark& remark : remarks) {
    if (remark.clause.empty()) remark.clause = clause_of(remark.pointer);
    if (remark.line != 0) continue;
    const std::size_t offset = positions.empty()
                                   ? document.failed_at()
                                   : positions.at(document.position_of(remark.pointer)).value;
    const LineColumn place = line_column(json, offset);
    remark.line = place.line;
    remark.column = place.column;
  }
  std::stable_sort(remarks.begin(), remarks.end(), is_earlier);
}

Inspection inspect_spec(std::string_view json) {
  JsonDocument document(json, Tracking::on);
  Parsed<Spec> parsed = parse_spec(document);
  Inspection inspection{std::move(parsed.value), {}};
  for (Problem& problem : parsed.problems) {
    inspection.remarks.push_back(
        {Severity::error, std::move(problem.pointer), std::move(problem.message), 0, 0, {}});
  }
  if (document.size() != 0) Unread(document, json, inspection.remarks).visit(0, "");
  locate(json, inspection.remarks);
  return inspection;
}

}  // namespace myrt::oci
