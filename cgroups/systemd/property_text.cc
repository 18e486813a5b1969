// The text format of GVariant, as far as properties of units need it.
#include <algorithm>
#include <bit>
#include <charconv>
#include <optional>

#include "cgroups/systemd/properties.h"

namespace myrt::cgroups::systemd {
namespace {

constexpr std::size_t kDeepest = 8;

struct NamedType {
  std::string_view name;
  char type;
};
constexpr NamedType kNumberTypes[] = {{"boolean", 'b'}, {"byte", 'y'},       {"int16", 'n'},
                                      {"uint16", 'q'},  {"int32", 'i'},      {"uint32", 'u'},
                                      {"int64", 'x'},   {"uint64", 't'},     {"double", 'd'},
                                      {"string", 's'},  {"objectpath", 'o'}, {"signature", 'g'}};

// The largest number of a type, or of its negative numbers.
constexpr std::uint64_t largest(char type) {
  switch (type) {
    case 'y':
      return UINT8_MAX;
    case 'n':
      return INT16_MAX;
    case 'q':
      return UINT16_MAX;
    case 'i':
      return INT32_MAX;
    case 'u':
      return UINT32_MAX;
    case 'x':
      return INT64_MAX;
    default:
      return UINT64_MAX;
  }
}

constexpr bool is_signed(char type) { return type == 'n' || type == 'i' || type == 'x'; }

// The length of the complete type at the front of a signature (D-Bus specification, "Type System"),
// of those that a value here can have; 0 when there is none.
std::size_t complete_type(std::string_view signature, std::size_t depth = 0) {
  if (signature.empty() || depth > kDeepest) return 0;
  if (std::string_view("ybnqiuxtdsogv").find(signature.front()) != std::string_view::npos) return 1;
  if (signature.front() == 'a') {
    const std::size_t element = complete_type(signature.substr(1), depth + 1);
    return element == 0 ? 0 : element + 1;
  }
  if (signature.front() != '(') return 0;
  std::size_t end = 1;
  while (end < signature.size() && signature[end] != ')') {
    const std::size_t member = complete_type(signature.substr(end), depth + 1);
    if (member == 0) return 0;
    end += member;
  }
  return end > 1 && end < signature.size() ? end + 1 : 0;
}

bool is_signature(std::string_view text) {
  constexpr std::size_t kLongest = 255;
  if (text.size() > kLongest) return false;
  while (!text.empty()) {
    const std::size_t size = complete_type(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

bool is_object_path(std::string_view text) {
  if (text == "/") return true;
  if (!text.starts_with('/') || text.ends_with('/')) return false;
  if (text.find("//") != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '/';
  });
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n'; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Value> whole() {
    Value value = TRY(this->value("", 0));
    skip_space();
    if (!rest_is_empty()) return unexpected();
    return value;
  }

 private:
  Error unexpected() const {
    return make_error(ErrorCode::invalid_argument,
                      fmt::format("`{}` is not a value in GVariant's text format", text_));
  }
  bool rest_is_empty() const { return at_ == text_.size(); }
  char next() const { return rest_is_empty() ? '\0' : text_[at_]; }
  void skip_space() {
    while (is_space(next())) ++at_;
  }
  bool take(char c) {
    skip_space();
    if (next() != c) return false;
    ++at_;
    return true;
  }
  // Up to what cannot be in a number, a keyword or a type.
  std::string_view word(std::string_view ends) {
    const std::size_t begin = at_;
    while (!rest_is_empty() && !is_space(next()) && ends.find(next()) == std::string_view::npos) {
      ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }

  // `type`: the signature that is expected, or empty.
  Result<Value> value(const std::string& type, std::size_t depth) {
    skip_space();
    if (depth > kDeepest) return unexpected();
    if (next() == '@') {
      ++at_;
      const std::string_view stated = word("");
      // The bus hangs up on a message with a type that is none.
      if (complete_type(stated) != stated.size() || stated.empty()) return unexpected();
      return value(std::string(stated), depth + 1);
    }
    if (next() == '\'' || next() == '"') return quoted(type);
    if (next() == '[') return list(type, depth);
    if (next() == '(') return tuple(type, depth);
    const std::string_view text = word(",])");
    for (const NamedType& named : kNumberTypes) {
      if (text == named.name) return value(std::string(1, named.type), depth + 1);
    }
    return simple(text, type);
  }

  Result<Value> quoted(const std::string& type) {
    if (!type.empty() && type != "s" && type != "o" && type != "g") return unexpected();
    const char quote = next();
    Value value{.signature = type.empty() ? "s" : type};
    for (++at_; next() != quote; ++at_) {
      if (next() == '\\') ++at_;
      if (rest_is_empty() || next() == '\0') return unexpected();
      value.text += next();
    }
    ++at_;
    if (value.signature == "o" && !is_object_path(value.text)) return unexpected();
    if (value.signature == "g" && !is_signature(value.text)) return unexpected();
    return value;
  }

  Result<Value> simple(std::string_view text, const std::string& type) const {
    if (type.size() > 1) return unexpected();
    const char wanted = type.empty() ? '\0' : type.front();
    if (text == "true" || text == "false") {
      if (wanted != '\0' && wanted != 'b') return unexpected();
      return boolean(text == "true");
    }
    const bool decimal = text.find('.') != std::string_view::npos;
    if (wanted == 'd' || (wanted == '\0' && decimal)) return floating(text);
    return integer(text, wanted == '\0' ? 'i' : wanted);
  }

  Result<Value> floating(std::string_view text) const {
    double value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return unexpected();
    return Value{.signature = "d", .number = std::bit_cast<std::uint64_t>(value)};
  }

  Result<Value> integer(std::string_view text, char type) const {
    if (std::string_view("ynqiuxt").find(type) == std::string_view::npos) return unexpected();
    const bool negative = text.starts_with('-');
    std::string_view digits = text.substr(negative ? 1 : 0);
    const bool hex = digits.starts_with("0x");
    if (hex) digits.remove_prefix(2);
    std::uint64_t number = 0;
    const char* end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, number, hex ? 16 : 10);
    if (parsed.ec != std::errc() || parsed.ptr != end) return unexpected();
    if (negative && !is_signed(type)) return unexpected();
    if (number > largest(type) + (negative ? 1U : 0U)) return unexpected();
    return Value{.signature = std::string(1, type), .number = negative ? 0 - number : number};
  }

  Result<Value> list(const std::string& type, std::size_t depth) {
    if (!type.empty() && (type.size() < 2 || type.front() != 'a')) return unexpected();
    std::string element = type.empty() ? "" : type.substr(1);
    std::vector<Value> elements;
    for (++at_; !take(']');) {
      if (!elements.empty() && !take(',')) return unexpected();
      Value one = TRY(value(element, depth + 1));
      if (element.empty()) element = one.signature;
      if (one.signature != element) return unexpected();
      elements.push_back(std::move(one));
    }
    if (element.empty()) return unexpected();  // `[]` needs a type before it
    return array(element, std::move(elements));
  }

  // The types inside a tuple are told by its members.
  Result<Value> tuple(const std::string& type, std::size_t depth) {
    std::vector<Value> members;
    for (++at_; !take(')');) {
      if (!members.empty() && !take(',')) return unexpected();
      members.push_back(TRY(value("", depth + 1)));
    }
    if (members.empty()) return unexpected();
    Value value = structure(std::move(members));
    if (!type.empty() && value.signature != type) return unexpected();
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Value> parse_value(std::string_view text) { return Parser(text).whole(); }

}  // namespace myrt::cgroups::systemd
