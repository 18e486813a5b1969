// Breaks every node of valid configs in every way that fits, and checks that parsing survives it
// and blames the right place.
#include <algorithm>
#include <array>
#include <string>

#define JSON_NO_IO 1
#include <nlohmann/json.hpp>

#include "oci-spec/documents.h"
#include "oci-spec/parse.h"
#include "tests/support/catch.h"
#include "tests/unit/oci-spec/full_configs.h"

namespace myrt::oci {
namespace {

using Json = nlohmann::ordered_json;

bool are_on_one_path(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  return b.starts_with(a) && (a.size() == b.size() || b[a.size()] == '/');
}

std::string_view parent_of(std::string_view pointer) {
  return pointer.substr(0, pointer.rfind('/'));
}

// Places that a rule may blame for a change elsewhere.
bool is_related(std::string_view mutated, std::string_view blamed) {
  struct Relation {
    std::string_view cause, effect;
  };
  constexpr std::array<Relation, 6> kRelations = {{
      {"/linux/namespaces", "/hostname"},
      {"/linux/namespaces", "/domainname"},
      {"/linux/namespaces", "/mounts"},
      {"/linux/namespaces", "/linux/uidMappings"},
      {"/linux/namespaces", "/linux/gidMappings"},
      {"/linux/namespaces", "/linux/timeOffsets"},
  }};
  for (const Relation& relation : kRelations) {
    if (are_on_one_path(relation.cause, mutated) && are_on_one_path(relation.effect, blamed)) {
      return true;
    }
  }
  // Fields of one object are measured against each other: soft and hard, limit and swap.
  const std::string_view object = parent_of(mutated);
  return !parent_of(object).empty() && are_on_one_path(object, blamed);
}

std::vector<Json> replacements() {
  return {Json(nullptr),
          Json(true),
          Json(-1),
          Json(0),
          Json(1.5),
          Json(18446744073709551615U),
          Json(INT64_MIN),
          Json(4294967296U),
          Json(""),
          Json("NO_SUCH_THING"),
          Json(Json::array()),
          Json(Json::object()),
          Json::array({Json::array()}),
          Json(101),
          Json("/a/b"),
          Json("1-0"),
          Json::parse(R"("a\u0000b")")};
}

// Counts what was done, so that the test cannot pass by doing nothing.
struct Tally {
  std::size_t mutants = 0, refused = 0;
};

void check_mutant(const std::string& text, const std::string& mutated, Tally& tally) {
  const auto parsed = parse_spec(text);
  ++tally.mutants;
  if (!parsed.problems.empty()) ++tally.refused;
  for (const Problem& problem : parsed.problems) {
    const bool is_to_the_point =
        are_on_one_path(mutated, problem.pointer) || is_related(mutated, problem.pointer);
    if (!is_to_the_point || problem.message.empty()) {
      FAIL_CHECK("changed " << mutated << ", blamed " << problem.pointer << ": "
                            << problem.message);
    }
  }
}

std::vector<std::string> pointers_of(const Json& config) {
  std::vector<std::string> pointers;
  const Json flat = config.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    // flatten() names leaves only; the nodes above them are their pointers' prefixes.
    for (std::string_view node = pointer; !node.empty(); node = parent_of(node)) {
      if (std::find(pointers.begin(), pointers.end(), node) != pointers.end()) break;
      pointers.emplace_back(node);
    }
  }
  return pointers;
}

Tally mutate(const std::string& config_text) {
  Json config = Json::parse(config_text);
  Tally tally;
  for (const std::string& pointer : pointers_of(config)) {
    const Json::json_pointer node(pointer);
    const Json original = config[node];
    for (const Json& replacement : replacements()) {
      config[node] = replacement;
      check_mutant(config.dump(), pointer, tally);
    }
    config[node] = original;
    Json without = config;
    Json& parent = without[node.parent_pointer()];
    if (parent.is_object()) {
      parent.erase(node.back());
    } else {
      parent.erase(std::stoul(node.back()));
    }
    check_mutant(without.dump(), pointer, tally);
  }
  return tally;
}

}  // namespace

TEST_CASE("a broken value is blamed where it is", "[oci-spec][CFG-04][LIF-02]") {
  Tally total;
  for (const std::string& config :
       {std::string(kProcessConfig), std::string(kLinuxConfig), config_with_resources()}) {
    REQUIRE(parse_spec(config).problems == std::vector<Problem>{});
    const Tally tally = mutate(config);
    total.mutants += tally.mutants;
    total.refused += tally.refused;
  }

  CHECK(total.mutants >= 5000);
  CHECK(total.refused * 10 >= total.mutants * 6);
}

TEST_CASE("a config that is cut off is refused at every length", "[oci-spec][CFG-01]") {
  const std::string config = default_spec_json({});

  for (std::size_t length = 0; length < config.size(); length += 3) {
    const auto parsed = parse_spec(std::string_view(config).substr(0, length));
    REQUIRE(parsed.problems.size() == 1);
    REQUIRE(parsed.problems[0].pointer.empty());
  }
}

}  // namespace myrt::oci
