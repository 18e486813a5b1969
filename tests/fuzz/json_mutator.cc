// Mutations of JSON documents as documents, for the targets that link this: a value becomes one of
// another kind or range, moves, doubles or goes, and two documents mix at places of the same name.
// What libFuzzer does to bytes breaks the syntax nearly every time, and reaches nothing but the
// parser.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#define JSON_NO_IO 1
#include <nlohmann/json.hpp>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

using Json = nlohmann::ordered_json;
using Random = std::minstd_rand;

constexpr int kMaxDepth = 64;

std::size_t below(Random& random, std::size_t count) { return random() % count; }

// A discarded value when it is no JSON, or so deep that printing it would end the stack.
Json parse(const std::uint8_t* data, std::size_t size) {
  bool deep = false;
  const auto watch = [&](int depth, Json::parse_event_t /*event*/, Json& /*value*/) {
    deep |= depth > kMaxDepth;
    return true;
  };
  Json document = Json::parse(data, data + size, watch, false);
  return deep ? Json(Json::value_t::discarded) : document;
}

void collect(Json& node, std::vector<Json*>& nodes) {
  nodes.push_back(&node);
  if (!node.is_structured()) return;
  for (Json& child : node) collect(child, nodes);
}

Json& any_node(Json& document, Random& random) {
  std::vector<Json*> nodes;
  collect(document, nodes);
  return *nodes[below(random, nodes.size())];
}

Json replacement(Random& random) {
  static const std::vector<Json> kValues = {nullptr,
                                            true,
                                            false,
                                            0,
                                            1,
                                            -1,
                                            1.5,
                                            42,
                                            255,
                                            65535,
                                            65536,
                                            4095,
                                            4096,
                                            2147483647,
                                            INT64_MIN,
                                            INT64_MAX,
                                            4294967295U,
                                            4294967296U,
                                            18446744073709551615U,
                                            1e300,
                                            "",
                                            "a",
                                            "/",
                                            "/a/b",
                                            "/a/../b",
                                            "max",
                                            "-1",
                                            "0-3,7",
                                            "a:b:c",
                                            "~",
                                            "a/b~c",
                                            "\n",
                                            std::string("a\0b", 3),
                                            "SCMP_ACT_ERRNO",
                                            std::string(300, 'x'),
                                            Json::array(),
                                            Json::object(),
                                            Json::array({Json::array()}),
                                            Json::object({{"", nullptr}})};
  return kValues[below(random, kValues.size())];
}

void change_text(Json& node, Random& random) {
  std::string text = node.get<std::string>();
  const std::size_t room = text.size() + 1 + below(random, 16);
  std::vector<std::uint8_t> bytes(text.begin(), text.end());
  bytes.resize(room);
  bytes.resize(LLVMFuzzerMutate(bytes.data(), text.size(), room));
  node = std::string(bytes.begin(), bytes.end());
}

void change_number(Json& node, Random& random) {
  const std::uint64_t step = std::uint64_t{1} << below(random, 64);
  const auto bits = node.is_number_unsigned()
                        ? node.get<std::uint64_t>()
                        : static_cast<std::uint64_t>(node.get<std::int64_t>());
  node = below(random, 2) == 0 ? Json(bits + step) : Json(static_cast<std::int64_t>(bits - step));
}

void change_children(Json& node, Random& random) {
  if (node.empty()) {
    node.is_array() ? node.push_back(replacement(random)) : void(node["a"] = replacement(random));
    return;
  }
  const auto child =
      std::next(node.begin(), static_cast<std::ptrdiff_t>(below(random, node.size())));
  const bool erases = below(random, 2) == 0;
  if (erases) {
    node.erase(child);
  } else if (node.is_array()) {
    node.push_back(Json(*child));
  } else {
    std::string key = child.key();
    key += static_cast<char>('!' + below(random, 90));
    node[key] = Json(*child);
  }
}

void change(Json& document, Random& random) {
  Json& node = any_node(document, random);
  switch (below(random, 4)) {
    case 0:
      node = replacement(random);
      return;
    case 1:  // a value of somewhere else
      node = Json(any_node(document, random));
      return;
    default:
      if (node.is_string()) return change_text(node, random);
      if (node.is_number_integer()) return change_number(node, random);
      if (node.is_structured()) return change_children(node, random);
      node = replacement(random);
  }
}

// 0: it does not fit.
std::size_t print(const Json& document, std::uint8_t* data, std::size_t max_size) {
  const std::string text = document.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > max_size) return 0;
  std::memcpy(data, text.data(), text.size());
  return text.size();
}

// Puts what `donor` has at a random place to the same place of `node`, as deep as the two agree.
void mix(Json& node, const Json& donor, Random& random) {
  if (node.type() != donor.type() || !donor.is_structured() || donor.empty() ||
      below(random, 4) == 0) {
    node = donor;
    return;
  }
  const auto child =
      std::next(donor.begin(), static_cast<std::ptrdiff_t>(below(random, donor.size())));
  if (node.is_array()) {
    if (node.empty() || below(random, 2) == 0) return node.push_back(*child);
    return mix(node[below(random, node.size())], *child, random);
  }
  const auto there = node.find(child.key());
  if (there == node.end()) {
    node[child.key()] = *child;
  } else {
    mix(*there, *child, random);
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  Random random(seed);
  Json document = parse(data, size);
  if (document.is_discarded() || below(random, 8) == 0)
    return LLVMFuzzerMutate(data, size, max_size);
  const std::size_t changes = 1 + below(random, 3);
  for (std::size_t i = 0; i < changes; ++i) change(document, random);
  const std::size_t printed = print(document, data, max_size);
  return printed != 0 ? printed : LLVMFuzzerMutate(data, size, max_size);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* data1, std::size_t size1,
                                                 const std::uint8_t* data2, std::size_t size2,
                                                 std::uint8_t* out, std::size_t max_out_size,
                                                 unsigned seed) {
  Random random(seed);
  Json document = parse(data1, size1);
  const Json donor = parse(data2, size2);
  if (document.is_discarded() || donor.is_discarded()) return 0;
  mix(document, donor, random);
  return print(document, out, max_out_size);
}
