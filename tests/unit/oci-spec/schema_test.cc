// The schema of the runtime-spec against our parser: its examples, and configurations broken by
// what the schema says of each value.
#include <dirent.h>

#include <algorithm>
#include <array>
#include <memory>
#include <regex>

#include "oci-spec/documents.h"
#include "oci-spec/parse.h"
#include "tests/support/catch.h"
#include "tests/support/json_schema.h"
#include "tests/unit/oci-spec/full_configs.h"

namespace myrt::oci {
namespace {

using test::Json;
using test::SchemaPart;
using test::SchemaParts;

const std::string kSchemas = std::string(MYRT_SOURCE_DIR) + "/tests/schema";

std::vector<std::string> examples(const std::string& folder) {
  std::vector<std::string> paths;
  const std::string path = kSchemas + "/test/" + folder;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), &::closedir);
  REQUIRE(directory != nullptr);
  while (const dirent* entry = ::readdir(directory.get())) {
    if (entry->d_name[0] != '.') paths.push_back(path + "/" + entry->d_name);
  }
  std::sort(paths.begin(), paths.end());
  REQUIRE_FALSE(paths.empty());
  return paths;
}

// The largest example, with a version that there has been.
std::string spec_example() {
  Json config = Json::parse(test::read_text(kSchemas + "/test/config/good/spec-example.json"));
  config["ociVersion"] = "1.3.0";
  return config.dump();
}

// --- mutants -------------------------------------------------------------------------------------

// One change of a valid config that its schema forbids.
struct Mutant {
  std::string pointer;  // of what is wrong
  std::string kind;     // type, range, enum, pattern, length, missing, extra
  std::string text;
};

constexpr const char* kPlaceholder = "@@VALUE@@";

// Values by JSON type, as text: numbers beyond 64 bits have no other form.
struct Sample {
  std::string_view type;
  const char* text;
};
constexpr std::array<Sample, 17> kSamples = {{{"string", "\"x\""},
                                              {"string", "\"\""},
                                              {"string", "\"1\""},
                                              {"string", "\"true\""},
                                              {"integer", "0"},
                                              {"integer", "7"},
                                              {"integer", "-1"},
                                              {"number", "1.5"},
                                              {"number", "-0.25"},
                                              {"boolean", "true"},
                                              {"boolean", "false"},
                                              {"array", "[]"},
                                              {"array", "[1]"},
                                              {"array", "[\"x\", null]"},
                                              {"object", "{}"},
                                              {"object", "{\"a\": 1}"},
                                              {"object", "{\"limit\": 7, \"path\": \"/x\"}"}}};

class Mutator {
 public:
  Mutator(test::SchemaFolder& schemas, Json config)
      : schemas_(schemas), config_(std::move(config)) {}

  std::vector<Mutant> mutants() {
    visit(config_, "", schemas_.root("config-schema.json"));
    return std::move(mutants_);
  }

 private:
  void visit(const Json& value, const std::string& pointer, const SchemaParts& parts) {
    if (parts.empty()) return;  // the schema says nothing of it
    if (!pointer.empty()) break_value(value, pointer, parts);
    if (value.is_object()) {
      add_extra(pointer, parts);
      for (const auto& [name, member] : value.items()) {
        visit(member, pointer + "/" + token(name), schemas_.member(parts, name));
      }
    } else if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        visit(value[i], pointer + "/" + std::to_string(i), schemas_.element(parts));
      }
    }
  }

  void break_value(const Json& value, const std::string& pointer, const SchemaParts& parts) {
    for (const SchemaPart& part : parts) {
      const Json& schema = *part.json;
      if (schema.contains("type")) break_type(schema.at("type").get<std::string>(), pointer);
      break_range(schema, pointer);
      if (schema.contains("enum")) break_enum(value, schema.at("enum"), pointer);
      if (schema.contains("pattern"))
        break_pattern(schema.at("pattern").get<std::string>(), pointer);
      if (schema.contains("minItems")) add("length", pointer, "[]");
      if (schema.contains("required")) remove_required(schema.at("required"), pointer);
    }
  }

  void break_type(const std::string& type, const std::string& pointer) {
    for (const Sample& sample : kSamples) {
      if (sample.type != type) add("type", pointer, sample.text);
    }
  }

  void break_range(const Json& schema, const std::string& pointer) {
    // One beyond either end, and far beyond.
    if (schema.contains("minimum")) {
      const std::string minimum = schema.at("minimum").dump();
      add("range", pointer,
          minimum == "-9223372036854775808" ? "-9223372036854775809"
                                            : std::to_string(std::stoll(minimum) - 1));
      add("range", pointer, "-99999999999999999999");
    }
    if (schema.contains("maximum")) {
      const std::string maximum = schema.at("maximum").dump();
      add("range", pointer,
          maximum == "18446744073709551615" ? "18446744073709551616"
                                            : std::to_string(std::stoull(maximum) + 1));
      add("range", pointer, "99999999999999999999999999999999");
    }
  }

  void break_enum(const Json& value, const Json& words, const std::string& pointer) {
    std::string lower = value.get<std::string>();
    for (char& letter : lower) letter = static_cast<char>(::tolower(letter));
    for (const std::string& word :
         {std::string("NO_SUCH_WORD"), std::string(), lower, value.get<std::string>() + "X",
          " " + value.get<std::string>()}) {
      if (std::find(words.begin(), words.end(), Json(word)) == words.end()) {
        add("enum", pointer, Json(word).dump());
      }
    }
  }

  void break_pattern(const std::string& pattern, const std::string& pointer) {
    const std::regex allowed(pattern);
    for (const char* word : {"", "z", "cc", "rlimit_nofile", "RLIMIT_nofile", "64kB", "0MB", "2 MB",
                             "a-b", "L3:0=f", "MB:0=1\nx"}) {
      if (!std::regex_search(word, allowed)) add("pattern", pointer, Json(word).dump());
    }
  }

  void remove_required(const Json& names, const std::string& pointer) {
    for (const Json& name : names) {
      Json config = config_;
      config[Json::json_pointer(pointer)].erase(name.get<std::string>());
      const std::string member = pointer + "/" + name.get<std::string>();
      mutants_.push_back({member, "missing", config.dump()});
      add("missing", member, "null");  // as for encoding/json
    }
  }

  // Unknown members must not matter, whatever they are (CFG-03). A map has none; nor have time
  // offsets, whose members are clocks (TIM-02).
  void add_extra(const std::string& pointer, const SchemaParts& parts) {
    const std::string name = "no-such-property";
    if (!schemas_.member(parts, name).empty() || pointer.ends_with("/timeOffsets")) return;
    for (const char* text : {"null", "-1", "\"x\"", "[[]]", "{\"type\": 5}"}) {
      Json config = config_;
      config[Json::json_pointer(pointer)][name] = kPlaceholder;
      mutants_.push_back({pointer, "extra", filled(config, text)});
    }
  }

  void add(const char* kind, const std::string& pointer, const std::string& text) {
    Json config = config_;
    config[Json::json_pointer(pointer)] = kPlaceholder;
    mutants_.push_back({pointer, kind, filled(config, text)});
  }

  static std::string filled(const Json& config, const std::string& text) {
    std::string document = config.dump();
    const std::string placeholder = Json(kPlaceholder).dump();
    return document.replace(document.find(placeholder), placeholder.size(), text);
  }

  static std::string token(const std::string& name) {
    std::string escaped;
    for (const char letter : name) {
      escaped += letter == '~' ? "~0" : letter == '/' ? "~1" : std::string(1, letter);
    }
    return escaped;
  }

  test::SchemaFolder& schemas_;
  Json config_;
  std::vector<Mutant> mutants_;
};

// What the schema forbids and the specification's text, or every engine, does not.
struct Exception {
  std::string_view kind, pointer_end;
  const char* reason;
};
constexpr std::array<Exception, 1> kExceptions = {{
    {"range", "/fileMode", "callers set the bits of the file type, which are masked (DEV-06)"},
}};

bool is_excepted(const Mutant& mutant) {
  return std::any_of(kExceptions.begin(), kExceptions.end(), [&](const Exception& exception) {
    return mutant.kind == exception.kind && mutant.pointer.ends_with(exception.pointer_end);
  });
}

void check_mutant(const Mutant& mutant) {
  const auto parsed = parse_spec(mutant.text);
  if (mutant.kind == "extra") {
    if (!parsed.problems.empty()) {
      FAIL_CHECK("added to " << mutant.pointer << ": " << parsed.problems[0].pointer << ": "
                             << parsed.problems[0].message);
    }
    return;
  }
  const bool is_blamed =
      std::any_of(parsed.problems.begin(), parsed.problems.end(), [&](const Problem& problem) {
        return problem.pointer == mutant.pointer ||
               problem.pointer.starts_with(mutant.pointer + "/");
      });
  if (!is_blamed) {
    FAIL_CHECK(mutant.kind << " at " << mutant.pointer << ": "
                           << (parsed.problems.empty() ? "accepted"
                                                       : "blamed " + parsed.problems[0].pointer));
  }
}

std::vector<std::string> places_of_problems(const std::string& example) {
  std::vector<std::string> places;
  for (const Problem& problem : parse_spec(test::read_text(example)).problems) {
    places.push_back(problem.pointer);
  }
  return places;
}

}  // namespace

TEST_CASE("the good configs of the schema's tests are accepted",
          "[oci-spec][CFG-01][CFG-08][DIFF-40]") {
  using Places = std::vector<std::string>;
  const std::map<std::string, Places> refused = {
      {"spec-example.json", {"/ociVersion"}},  // it is of version 0.5.0-dev (VER-04)
      {"zos-example.json", {"/ociVersion", "/hostname"}},
      {"freebsd-example.json", {"/hostname"}},  // without a uts namespace (HST-01)
  };
  for (const std::string& path : examples("config/good")) {
    INFO(path);
    const auto known = refused.find(path.substr(path.rfind('/') + 1));
    CHECK(places_of_problems(path) == (known == refused.end() ? Places{} : known->second));
  }
}

TEST_CASE("the bad configs of the schema's tests are refused where they are bad",
          "[oci-spec][CFG-04]") {
  const std::map<std::string, std::string> places = {
      {"invalid-json.json", ""},
      {"linux-hugepage.json", "/linux/resources/hugepageLimits/0/pageSize"},
      {"linux-netdevice.json", "/linux/netDevices/eth0/name"},
      {"linux-rdma.json", "/linux/resources/rdma/mlx5_1/hcaHandles"}};
  for (const std::string& path : examples("config/bad")) {
    INFO(path);
    const std::string name = path.substr(path.rfind('/') + 1);
    const auto problems = parse_spec(test::read_text(path)).problems;
    if (name == "freebsd-vnet-disable.json") {
      CHECK(problems.empty());  // another platform's section (CFG-08)
    } else {
      REQUIRE(problems.size() == 1);
      CHECK(problems[0].pointer == places.at(name));
    }
  }
}

TEST_CASE("what the schema forbids is refused where it is, and what it does not know is ignored",
          "[oci-spec][CFG-03][CFG-04][CFG-06][LIF-02]") {
  test::SchemaFolder schemas(kSchemas);
  std::map<std::string, std::size_t> counts;
  std::size_t total = 0;
  for (const std::string& config :
       {std::string(kProcessConfig), std::string(kLinuxConfig), config_with_resources(),
        default_spec_json({}), spec_example()}) {
    REQUIRE(parse_spec(config).problems == std::vector<Problem>{});
    for (const Mutant& mutant : Mutator(schemas, Json::parse(config)).mutants()) {
      if (is_excepted(mutant)) continue;
      check_mutant(mutant);
      ++counts[mutant.kind];
      ++total;
    }
  }

  for (const char* kind : {"type", "range", "enum", "pattern", "length", "missing", "extra"}) {
    INFO(kind);
    CHECK(counts[kind] > 0);
  }
  CHECK(total >= 5000);
  WARN(total << " mutants: " << counts["type"] << " type, " << counts["range"] << " range, "
             << counts["enum"] << " enum, " << counts["pattern"] << " pattern, " << counts["length"]
             << " length, " << counts["missing"] << " missing, " << counts["extra"] << " extra");
}

}  // namespace myrt::oci
