#include "oci-spec/json_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "oci-spec/problem_text.h"

#define JSON_NO_IO 1  // keeps iostreams and their static initialisers out of the binary
#include <nlohmann/json.hpp>

namespace myrt::oci {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxBytes = std::size_t{16} << 20U;
constexpr std::size_t kMaxDepth = 128;
constexpr std::size_t kMaxProblems = 1000;

std::string_view name_of(JsonKind kind) {
  constexpr std::array<std::string_view, 8> kNames = {"null",   "boolean", "integer", "integer",
                                                      "number", "string",  "array",   "object"};
  return kNames.at(static_cast<std::size_t>(kind));
}

// "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while parsing
// object key - unexpected ']'; last read: '…'" -> "syntax error while parsing object key -
// unexpected `]`". The text last read is left out: it may be long, or be the invalid UTF-8.
std::string reason_of(const nlohmann::detail::exception& exception) {
  std::string_view reason = exception.what();
  if (const auto end = reason.find("] "); end != std::string_view::npos)
    reason.remove_prefix(end + 2);
  if (reason.starts_with("parse error at")) reason.remove_prefix(reason.find(": ") + 2);
  reason = reason.substr(0, reason.find("; last read"));
  std::string text(reason);
  std::replace(text.begin(), text.end(), '\'', '`');
  return text;
}

// Receives the parser's events and lays out the tree. Returning false from an event ends parsing.
class TreeBuilder final : public nlohmann::json_sax<Json> {
 public:
  TreeBuilder(std::vector<JsonNode>& nodes, std::string& text) : nodes_(nodes), text_(text) {}

  bool null() override { return add({.kind = JsonKind::null}); }
  bool boolean(bool value) override {
    return add({.kind = JsonKind::boolean, .bits = value ? 1U : 0U});
  }
  bool number_integer(number_integer_t value) override {
    return add({.kind = JsonKind::integer,
                .negative = value < 0,
                .bits = static_cast<std::uint64_t>(value)});
  }
  bool number_unsigned(number_unsigned_t value) override {
    return add({.kind = JsonKind::integer, .bits = value});
  }
  bool number_float(number_float_t /*value*/, const string_t& literal) override {
    const bool is_integer = literal.find_first_of(".eE") == std::string::npos;
    return add_text(is_integer ? JsonKind::oversized_integer : JsonKind::number, literal);
  }
  bool string(string_t& value) override { return add_text(JsonKind::string, value); }
  bool binary(binary_t& /*value*/) override { return false; }
  bool start_object(std::size_t /*elements*/) override { return open(JsonKind::object); }
  bool start_array(std::size_t /*elements*/) override { return open(JsonKind::array); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    key_offset_ = static_cast<std::uint32_t>(text_.size());
    key_length_ = static_cast<std::uint32_t>(name.size());
    text_ += name;
    return true;
  }
  bool parse_error(std::size_t position, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& exception) override {
    error_position_ = position;
    failure_ = reason_of(exception);
    return false;
  }

  const std::string& failure() const { return failure_; }
  // How many bytes were read before a syntax error; 0 when it is not one of syntax.
  std::size_t error_position() const { return error_position_; }

 private:
  struct Open {
    std::uint32_t node = 0;
    std::uint32_t last_child = 0;
  };

  bool add(JsonNode node) {
    node.key_offset = key_offset_;
    node.key_length = key_length_;
    key_length_ = 0;
    const auto index = static_cast<std::uint32_t>(nodes_.size());
    if (!open_.empty()) {
      Open& parent = open_.back();
      (parent.last_child == 0 ? nodes_[parent.node].first_child
                              : nodes_[parent.last_child].next_sibling) = index;
      parent.last_child = index;
      ++nodes_[parent.node].length;
    }
    nodes_.push_back(node);
    return true;
  }

  bool add_text(JsonKind kind, std::string_view text) {
    const std::uint64_t offset = text_.size();
    text_ += text;
    return add({.kind = kind, .length = static_cast<std::uint32_t>(text.size()), .bits = offset});
  }

  bool open(JsonKind kind) {
    if (open_.size() == kMaxDepth) {
      failure_ = fmt::format("nested deeper than {} levels", kMaxDepth);
      return false;
    }
    add({.kind = kind});
    open_.push_back({.node = static_cast<std::uint32_t>(nodes_.size() - 1)});
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  std::vector<JsonNode>& nodes_;
  std::string& text_;
  std::vector<Open> open_;
  std::uint32_t key_offset_ = 0, key_length_ = 0;
  std::string failure_;
  std::size_t error_position_ = 0;
};

// "line 3, column 7" of the byte before `position`, which is where the parser stopped.
std::string line_and_column(std::string_view text, std::size_t position) {
  const std::string_view before = text.substr(0, position > 0 ? position - 1 : 0);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return fmt::format("line {}, column {}", line, before.size() - line_start + 1);
}

std::string unescape_token(std::string_view token) {
  std::string key;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool escaped = token[i] == '~' && i + 1 < token.size();
    key += !escaped ? token[i] : token[++i] == '0' ? '~' : '/';
  }
  return key;
}

}  // namespace

JsonDocument::JsonDocument(std::string_view text, Tracking tracking) {
  if (text.size() > kMaxBytes) {
    report("", fmt::format("document of {} bytes is longer than {}", text.size(), kMaxBytes));
    return;
  }
  // The parser takes a NUL byte for the end and would not look at what comes after it.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    failed_at_ = nul;
    report("", "invalid JSON at " + line_and_column(text, nul + 1) + ": NUL byte");
    return;
  }
  text_.reserve(text.size());
  nodes_.reserve(text.size() / 12);
  TreeBuilder builder(nodes_, text_);
  if (Json::sax_parse(text.begin(), text.end(), &builder)) {
    if (tracking == Tracking::on) read_.resize(nodes_.size());
    return;
  }
  nodes_.clear();
  failed_at_ = builder.error_position() > 0 ? builder.error_position() - 1 : 0;
  const std::string where =
      builder.error_position() == 0 ? "" : " at " + line_and_column(text, builder.error_position());
  report("", "invalid JSON" + where + ": " + builder.failure());
}

std::optional<JsonValue> JsonDocument::root() const {
  if (nodes_.empty()) return std::nullopt;
  return JsonValue(*this, 0);
}

void JsonDocument::report(std::string pointer, std::string message) const {
  if (problems_.size() < kMaxProblems) {
    problems_.push_back({std::move(pointer), std::move(message)});
  } else if (problems_.size() == kMaxProblems) {
    problems_.push_back({std::move(pointer), "further problems are not listed"});
  }
}

std::uint32_t JsonDocument::position_of(std::string_view pointer) const {
  std::uint32_t position = 0;
  while (!pointer.empty() && !nodes_.empty()) {
    const std::string_view token = pointer.substr(1, pointer.find('/', 1) - 1);
    pointer.remove_prefix(token.size() + 1);
    const std::string key = unescape_token(token);
    std::uint32_t match = 0;
    std::size_t element = 0;
    for (auto child = nodes_[position].first_child; child != 0;
         child = nodes_[child].next_sibling) {
      const bool matches = nodes_[position].kind == JsonKind::array
                               ? std::to_string(element++) == key
                               : text(nodes_[child].key_offset, nodes_[child].key_length) == key;
      if (matches) match = child;
    }
    if (match == 0) break;
    position = match;
  }
  return position;
}

std::vector<Problem> JsonDocument::take_problems() {
  if (problems_.size() < 2) return std::move(problems_);
  std::vector<std::pair<std::uint32_t, std::size_t>> order;
  for (std::size_t i = 0; i < problems_.size(); ++i) {
    order.emplace_back(position_of(problems_[i].pointer), i);
  }
  std::sort(order.begin(), order.end());
  std::vector<Problem> sorted;
  sorted.reserve(order.size());
  for (const auto& [position, i] : order) sorted.push_back(std::move(problems_[i]));
  return sorted;
}

std::string JsonValue::pointer() const {
  if (step_.parent == nullptr) return "";
  const bool is_element = step_.parent->kind() == JsonKind::array;
  return step_.parent->pointer() + "/" +
         (is_element ? std::to_string(step_.element) : pointer_token(key()));
}

void JsonValue::report_member(std::string_view name, std::string message) const {
  document_->report(pointer() + "/" + pointer_token(name), std::move(message));
}

bool JsonValue::expect(JsonKind expected) const {
  if (kind() == expected) return true;
  report(fmt::format("expected {}, got {}", name_of(expected), name_of(kind())));
  return false;
}

std::optional<std::uint64_t> JsonValue::integer_in(const IntegerRange& range) const {
  if (kind() == JsonKind::oversized_integer) {
    report(expected_integer(range.min, range.max, shortened(text())));
    return std::nullopt;
  }
  if (!expect(JsonKind::integer)) return std::nullopt;
  const std::uint64_t bits = node().bits;
  const auto value = static_cast<std::int64_t>(bits);
  const bool in_range =
      node().negative
          ? value >= range.min
          : bits <= range.max && (range.min <= 0 || bits >= static_cast<std::uint64_t>(range.min));
  if (in_range) return bits;
  report(expected_integer(range.min, range.max,
                          node().negative ? std::to_string(value) : std::to_string(bits)));
  return std::nullopt;
}

std::optional<JsonValue> JsonValue::member(std::string_view name) const {
  std::uint32_t match = 0;
  for (auto child = node().first_child; child != 0; child = document_->node(child).next_sibling) {
    const JsonNode& candidate = document_->node(child);
    if (document_->text(candidate.key_offset, candidate.key_length) == name) match = child;
  }
  if (match == 0) return std::nullopt;
  document_->mark_read(match);
  if (document_->node(match).kind == JsonKind::null) return std::nullopt;
  return JsonValue(*document_, match, {.parent = this});
}

void JsonValue::for_each_element(const std::function<void(const JsonValue&)>& visit) const {
  std::size_t element = 0;
  for (auto child = node().first_child; child != 0; child = document_->node(child).next_sibling) {
    document_->mark_read(child);
    visit(JsonValue(*document_, child, {.parent = this, .element = element++}));
  }
}

void JsonValue::for_each_member(
    const std::function<void(std::string_view, const JsonValue&)>& visit) const {
  std::map<std::string_view, std::uint32_t> last_of_name;
  const auto first = node().first_child;
  for (auto child = first; child != 0; child = document_->node(child).next_sibling) {
    last_of_name[JsonValue(*document_, child).key()] = child;
  }
  for (auto child = first; child != 0; child = document_->node(child).next_sibling) {
    const JsonValue entry(*document_, child, {.parent = this});
    if (last_of_name.at(entry.key()) != child) continue;
    document_->mark_read(child);
    visit(entry.key(), entry);
  }
}

void read_value(const JsonValue& json, std::string& out) {
  if (!json.expect(JsonKind::string)) return;
  if (json.text().find('\0') != std::string_view::npos) {
    json.report("must not contain a NUL byte");
    return;
  }
  out = json.text();
}

void read_value(const JsonValue& json, bool& out) {
  if (json.expect(JsonKind::boolean)) out = json.boolean();
}

bool expect_usable_key(const JsonValue& entry, std::string_view key) {
  if (key.empty()) {
    entry.report("expected a name that is not empty");
  } else if (key.find('\0') != std::string_view::npos) {
    entry.report("expected a name without NUL bytes");
  } else {
    return true;
  }
  return false;
}

}  // namespace myrt::oci
