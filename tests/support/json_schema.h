// Walks a document along its JSON schema (draft 4, as much of it as the runtime-spec uses), for
// tests that break documents on purpose.
#pragma once

#include <fstream>
#include <map>
#include <string>
#include <vector>

#define JSON_NO_IO 1
#include <nlohmann/json.hpp>

#include "tests/support/catch.h"

namespace myrt::test {

using Json = nlohmann::ordered_json;

inline std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.is_open());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// A part of a schema: `$ref` is relative to the file that it stands in.
struct SchemaPart {
  std::string file;
  const Json* json = nullptr;
};

// All of these hold for a value: a schema's own keywords and those of what it refers to.
using SchemaParts = std::vector<SchemaPart>;

class SchemaFolder {
 public:
  explicit SchemaFolder(std::string folder) : folder_(std::move(folder)) {}

  SchemaParts root(const std::string& file) { return resolve({file, &load(file)}); }
  // The schema of a member of an object, or of an element of an array; empty where there is none.
  SchemaParts member(const SchemaParts& parts, const std::string& name) {
    SchemaParts found;
    for (const SchemaPart& part : parts) {
      if (const Json* schema = member_of(*part.json, name)) append(found, {part.file, schema});
    }
    return found;
  }
  SchemaParts element(const SchemaParts& parts) {
    SchemaParts found;
    for (const SchemaPart& part : parts) {
      if (part.json->contains("items")) append(found, {part.file, &part.json->at("items")});
    }
    return found;
  }

 private:
  const Json& load(const std::string& file) {
    const auto [entry, is_new] = documents_.try_emplace(file);
    if (is_new) entry->second = Json::parse(read_text(folder_ + "/" + file));
    return entry->second;
  }

  SchemaParts resolve(const SchemaPart& part) {
    SchemaParts parts;
    if (part.json->contains("$ref")) {  // draft 4: what stands beside it does not count
      const std::string reference = part.json->at("$ref").get<std::string>();
      const std::size_t hash = reference.find('#');
      const std::string file = hash == 0 ? part.file : reference.substr(0, hash);
      return resolve({file, &load(file).at(Json::json_pointer(reference.substr(hash + 1)))});
    }
    parts.push_back(part);
    for (const char* all : {"allOf", "anyOf"}) {
      if (!part.json->contains(all)) continue;
      const Json& choices = part.json->at(all);
      // The one anyOf of the schema has one choice: anything else would need another judgement.
      REQUIRE((std::string(all) == "allOf" || choices.size() == 1));
      for (const Json& choice : choices) append(parts, {part.file, &choice});
    }
    return parts;
  }
  void append(SchemaParts& parts, const SchemaPart& part) {
    for (const SchemaPart& resolved : resolve(part)) parts.push_back(resolved);
  }

  static const Json* member_of(const Json& schema, const std::string& name) {
    if (schema.contains("properties") && schema.at("properties").contains(name)) {
      return &schema.at("properties").at(name);
    }
    if (schema.contains("patternProperties")) return &*schema.at("patternProperties").begin();
    if (schema.contains("additionalProperties") && schema.at("additionalProperties").is_object()) {
      return &schema.at("additionalProperties");
    }
    return nullptr;
  }

  std::string folder_;
  std::map<std::string, Json> documents_;
};

}  // namespace myrt::test
