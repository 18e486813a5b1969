// Typed access to one JSON document: every getter knows its JSON pointer and collects problems
// instead of failing. Private to this folder.
//
// The tree is flat (one vector of nodes, one of text) and pointers are only spelled out when there
// is something to report, so that reading a valid config costs little more than its JSON syntax.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "oci-spec/parse.h"

namespace myrt::oci {

enum class JsonKind : std::uint8_t {
  null,
  boolean,
  integer,
  oversized_integer,  // does not fit in 64 bits; the literal is kept
  number,             // with a fraction or an exponent; the literal is kept
  string,
  array,
  object,
};

struct JsonNode {
  JsonKind kind = JsonKind::null;
  bool negative = false;          // integer: `bits` is an int64
  std::uint32_t key_offset = 0;   // of the member's name, in the document's text
  std::uint32_t key_length = 0;   // 0 for array elements
  std::uint32_t length = 0;       // of the text; of arrays and objects: how many children
  std::uint32_t first_child = 0;  // 0: none, since the root is nobody's child
  std::uint32_t next_sibling = 0;
  std::uint64_t bits = 0;  // the integer or boolean, or the offset of the text
};

struct IntegerRange {
  std::int64_t min = 0;
  std::uint64_t max = 0;
};

class JsonValue;

// Whether a document remembers which of its values were looked at, which only inspection wants.
enum class Tracking : std::uint8_t { off, on };

// Owns the parsed tree and the problems found in it; outlives every JsonValue into it.
class JsonDocument {
 public:
  // Parses `text` (RFC 8259, UTF-8, at most 16 MiB and 128 levels deep). Anything wrong with the
  // syntax becomes the only problem, and root() is then empty.
  explicit JsonDocument(std::string_view text, Tracking tracking = Tracking::off);

  std::optional<JsonValue> root() const;
  const std::vector<Problem>& problems() const { return problems_; }
  void report(std::string pointer, std::string message) const;
  // The problems in the order in which the document has the places they point at.
  std::vector<Problem> take_problems();

  // The index of the deepest node that `pointer` passes through; indices are in document order.
  std::uint32_t position_of(std::string_view pointer) const;
  std::size_t size() const { return nodes_.size(); }
  // The offset of the byte at which parsing stopped; 0 when the document could be parsed.
  std::size_t failed_at() const { return failed_at_; }

  // Tracking::on: that a reader has asked for a value, and whether one has.
  void mark_read(std::uint32_t index) const {
    if (!read_.empty()) read_[index] = true;
  }
  bool was_read(std::uint32_t index) const { return read_[index]; }

  const JsonNode& node(std::uint32_t index) const { return nodes_[index]; }
  std::string_view text(std::uint64_t offset, std::uint32_t length) const {
    return std::string_view(text_).substr(offset, length);
  }

 private:
  std::vector<JsonNode> nodes_;  // in document order; [0] is the root
  std::string text_;             // all keys and strings, unescaped
  mutable std::vector<Problem> problems_;
  std::size_t failed_at_ = 0;
  mutable std::vector<bool> read_;  // by node; empty without tracking
};

// One value of the document. Borrows the document and the value that it was taken from.
class JsonValue {
 public:
  JsonValue(const JsonDocument& document, std::uint32_t index) : JsonValue(document, index, {}) {}

  JsonKind kind() const { return node().kind; }
  // The text of a string (or of the literal of a number that is no integer).
  std::string_view text() const { return document_->text(node().bits, node().length); }
  bool boolean() const { return node().bits != 0; }
  std::size_t size() const { return node().length; }

  void report(std::string message) const { document_->report(pointer(), std::move(message)); }
  // Reports a problem of the member `name`, which need not exist.
  void report_member(std::string_view name, std::string message) const;
  // Whether the value is of this kind; reports "expected array, got string" when it is not.
  bool expect(JsonKind kind) const;
  // An integer as two's complement; reports values of other kinds or out of `range`.
  std::optional<std::uint64_t> integer_in(const IntegerRange& range) const;

  // The last member of this name, if it is there and not null (which counts as absent, as for
  // encoding/json).
  std::optional<JsonValue> member(std::string_view name) const;
  // Calls `visit` for every element of an array.
  void for_each_element(const std::function<void(const JsonValue&)>& visit) const;
  // Calls `visit` for every member in the order of the document; of equal names the last one
  // counts.
  void for_each_member(const std::function<void(std::string_view, const JsonValue&)>& visit) const;

  // Reads the member into `out`. Absent: `out` stays as it is, and required() reports it. Return
  // whether the member is there.
  template <class T>
  bool optional(std::string_view name, T& out) const;
  template <class T>
  bool required(std::string_view name, T& out) const;
  // The same for an integer that has a narrower range than its type.
  template <class T>
  bool optional_in(std::string_view name, T& out, const IntegerRange& range) const;
  template <class T>
  bool required_in(std::string_view name, T& out, const IntegerRange& range) const;

 private:
  // How the parent names this value.
  struct Step {
    const JsonValue* parent = nullptr;
    std::size_t element = 0;
  };
  JsonValue(const JsonDocument& document, std::uint32_t index, Step step)
      : document_(&document), index_(index), step_(step) {}

  const JsonNode& node() const { return document_->node(index_); }
  std::string_view key() const { return document_->text(node().key_offset, node().key_length); }
  std::string pointer() const;

  const JsonDocument* document_;
  std::uint32_t index_;
  Step step_;
};

// --- read_value: one overload per kind of C++ value. A value that cannot be read is reported and
// leaves `out` as it is; arrays keep a placeholder, so that indices stay those of the document.

// Strings end up as C strings somewhere (paths, argv, xattrs), so NUL bytes are refused in all.
void read_value(const JsonValue& json, std::string& out);
void read_value(const JsonValue& json, bool& out);

template <std::integral T>
requires(!std::same_as<T, bool> && !std::same_as<T, char>) void read_value(const JsonValue& json,
                                                                           T& out) {
  const auto bits = json.integer_in({static_cast<std::int64_t>(std::numeric_limits<T>::min()),
                                     static_cast<std::uint64_t>(std::numeric_limits<T>::max())});
  if (bits) out = static_cast<T>(*bits);
}

// The structs of spec.h: each has a read_members(json, out), found by argument-dependent lookup.
template <class T>
requires std::is_aggregate_v<T>
void read_value(const JsonValue& json, T& out) {
  if (json.expect(JsonKind::object)) read_members(json, out);
}

template <class T>
void read_value(const JsonValue& json, std::vector<T>& out);

template <class T>
void read_value(const JsonValue& json, std::optional<T>& out) {
  read_value(json, out.emplace());
}

// Whether `key` can be the name of a map's entry: not empty and without NUL bytes. Reports it.
bool expect_usable_key(const JsonValue& entry, std::string_view key);

template <class T>
void read_value(const JsonValue& json, std::map<std::string, T>& out) {
  if (!json.expect(JsonKind::object)) return;
  json.for_each_member([&out](std::string_view key, const JsonValue& entry) {
    if (expect_usable_key(entry, key)) read_value(entry, out[std::string(key)]);
  });
}

template <class T>
void read_value(const JsonValue& json, std::vector<T>& out) {
  if (!json.expect(JsonKind::array)) return;
  out.reserve(json.size());
  json.for_each_element(
      [&out](const JsonValue& element) { read_value(element, out.emplace_back()); });
}

template <class T>
bool JsonValue::optional(std::string_view name, T& out) const {
  const auto value = member(name);
  if (value) read_value(*value, out);
  return value.has_value();
}

template <class T>
bool JsonValue::required(std::string_view name, T& out) const {
  const bool present = optional(name, out);
  if (!present) report_member(name, "is required");
  return present;
}

template <class T>
struct IntegerOf {
  using type = T;
};
template <class T>
struct IntegerOf<std::optional<T>> {
  using type = T;
};

template <class T>
bool JsonValue::optional_in(std::string_view name, T& out, const IntegerRange& range) const {
  const auto value = member(name);
  if (!value) return false;
  if (const auto bits = value->integer_in(range)) {
    out = static_cast<typename IntegerOf<T>::type>(*bits);
  }
  return true;
}

template <class T>
bool JsonValue::required_in(std::string_view name, T& out, const IntegerRange& range) const {
  const bool present = optional_in(name, out, range);
  if (!present) report_member(name, "is required");
  return present;
}

}  // namespace myrt::oci
