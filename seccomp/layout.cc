#include "seccomp/layout.h"

#include <linux/seccomp.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>
#include <span>

namespace myrt::seccomp {
namespace {

static_assert(kForeignResult == SECCOMP_RET_KILL_THREAD);

constexpr std::uint32_t kNotACall = 0xffffffff;  // -1: a tracer has cancelled the call

struct NumberedRule {
  std::uint32_t number = 0;
  const Rule* rule = nullptr;
};

// The rules of one architecture in ascending order of numbers, in config order within a number.
struct NumberedRules {
  std::vector<NumberedRule> rules;
  std::optional<std::uint32_t> newest;  // highest ordinary number that the profile names
};

// The rule for a call that goes through a multiplexer: argument 0 is the call's number, so the
// condition on the call's own argument 0 has to go. The others stay, as libseccomp has it.
Rule multiplexed_rule(const Rule& rule, std::uint32_t call) {
  Rule rewritten = rule;
  std::erase_if(rewritten.all_of, [](const Comparison& condition) { return condition.index == 0; });
  rewritten.all_of.insert(rewritten.all_of.begin(),
                          {.index = 0, .op = Operator::eq, .value = call});
  return rewritten;
}

NumberedRules number_rules(const Profile& profile, const Architecture& architecture,
                           std::deque<Rule>& multiplexed) {
  NumberedRules result;
  for (const ProfileEntry& entry : profile.entries) {
    for (const std::string& name : entry.names) {
      for (const CallNumber& call : call_numbers(architecture, name)) {
        if (call.number < architecture.end_of_numbers) {
          result.newest = std::max(result.newest.value_or(0), call.number);
        }
        for (const Rule& rule : entry.rules) {
          const Rule* applied = &rule;
          if (call.multiplexed) {
            applied = &multiplexed.emplace_back(multiplexed_rule(rule, *call.multiplexed));
          }
          result.rules.push_back({call.number, applied});
        }
      }
    }
  }
  std::ranges::stable_sort(result.rules, {}, &NumberedRule::number);
  return result;
}

// Collects the segments of one section from left to right.
class SegmentLine {
 public:
  // From `first` on, `result` for every call; a later append takes over from its own number on.
  void append(std::uint32_t first, std::uint32_t result) {
    append({.first = first, .otherwise = result, .rules = {}});
  }
  void append(Segment segment) {
    while (!segments_.empty() && segments_.back().first >= segment.first) segments_.pop_back();
    if (!segments_.empty() && continues(segments_.back(), segment)) return;
    segments_.push_back(std::move(segment));
  }
  bool empty() const { return segments_.empty(); }
  std::vector<Segment> take() { return std::move(segments_); }

 private:
  static bool continues(const Segment& last, const Segment& segment) {
    return last.rules.empty() && segment.rules.empty() && last.otherwise == segment.otherwise;
  }

  std::vector<Segment> segments_;
};

Segment call_segment(std::span<const NumberedRule> rules, std::uint32_t default_result,
                     ArgumentWords words) {
  Segment segment = {
      .first = rules.front().number, .otherwise = default_result, .rules = {}, .words = words};
  const auto unconditional = std::ranges::find_if(
      rules, [](const NumberedRule& numbered) { return numbered.rule->all_of.empty(); });
  if (unconditional != rules.end()) {
    segment.otherwise = unconditional->rule->result;
    return segment;
  }
  for (const NumberedRule& numbered : rules) segment.rules.push_back(numbered.rule);
  return segment;
}

void append_calls(SegmentLine& line, std::span<const NumberedRule> rules,
                  std::uint32_t default_result, ArgumentWords words) {
  while (!rules.empty()) {
    const std::uint32_t number = rules.front().number;
    std::size_t count = 1;
    while (count < rules.size() && rules[count].number == number) ++count;
    line.append(call_segment(rules.first(count), default_result, words));
    line.append(number + 1, default_result);
    rules = rules.subspan(count);
  }
}

// The numbers of one ABI, from its first one to the end of the range.
void append_architecture(SegmentLine& line, const Profile& profile,
                         const Architecture& architecture, const NumberedRules& numbered) {
  const std::uint32_t end = architecture.end_of_numbers;
  const std::uint32_t default_result = profile.default_result;
  const std::span<const NumberedRule> rules = numbered.rules;
  const auto end_of_ordinary =
      std::ranges::lower_bound(rules, end, {}, &NumberedRule::number) - rules.begin();
  const auto ordinary = static_cast<std::size_t>(end_of_ordinary);
  const bool closes = profile.newer_calls_get_enosys && numbered.newest.has_value();
  const std::uint32_t unknown = closes ? SECCOMP_RET_ERRNO | ENOSYS : default_result;

  if (line.empty() && architecture.first_number != 0) line.append(0, kForeignResult);
  line.append(architecture.first_number, default_result);
  append_calls(line, rules.first(ordinary), default_result, architecture.words);
  if (closes) line.append(*numbered.newest + 1, unknown);
  if (end == kNotACall) return;
  line.append(end, architecture.beyond == Beyond::other_abi ? kForeignResult : default_result);
  append_calls(line, rules.subspan(ordinary), default_result, architecture.words);
  line.append(kNotACall, unknown);
}

}  // namespace

Layout lay_out(const Profile& profile) {
  Layout layout;
  for (const Architecture& leader : profile.architectures) {
    const std::uint32_t audit_arch = leader.audit_arch;
    if (std::ranges::find(layout.sections, audit_arch, &Section::audit_arch) !=
        layout.sections.end()) {
      continue;
    }
    // x86_64 and x32 share a section, in the order of their numbers.
    std::vector<Architecture> sharing;
    std::ranges::copy_if(profile.architectures, std::back_inserter(sharing),
                         [&](const Architecture& other) { return other.audit_arch == audit_arch; });
    std::ranges::sort(sharing, {}, &Architecture::first_number);

    SegmentLine line;
    for (const Architecture& architecture : sharing) {
      const NumberedRules numbered = number_rules(profile, architecture, layout.multiplexed);
      append_architecture(line, profile, architecture, numbered);
    }
    layout.sections.push_back(
        {.audit_arch = audit_arch, .byte_order = leader.byte_order, .segments = line.take()});
  }
  return layout;
}

}  // namespace myrt::seccomp
