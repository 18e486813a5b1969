#include "shim/arguments.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace myrt::shim {
namespace {

struct TextFlag {
  std::string_view name;
  std::string Arguments::*value;
};
constexpr std::array kTextFlags = {
    TextFlag{"namespace", &Arguments::name_space},
    TextFlag{"id", &Arguments::id},
    TextFlag{"address", &Arguments::address},
    TextFlag{"publish-binary", &Arguments::publish_binary},
    TextFlag{"bundle", &Arguments::bundle},
    TextFlag{"socket", &Arguments::socket},
};

constexpr std::array<std::string_view, 3> kSwitches = {"debug", "v", "info"};

Error bad(std::string text) { return make_error(ErrorCode::invalid_argument, std::move(text)); }

// Flags without a value. False: it is none.
Result<bool> take_switch(Arguments& parsed, std::string_view name, std::string_view value) {
  if (std::ranges::find(kSwitches, name) == kSwitches.end()) return false;
  const bool on = value != "false" && value != "0";
  if (name == "debug") parsed.debug = on;
  if (name == "v" && on) parsed.action = Action::version;
  if (name == "info" && on) parsed.action = Action::info;
  return true;
}

Result<> take_action(Arguments& parsed, std::string_view word) {
  if (word == "start") parsed.action = Action::start;
  if (word == "delete") parsed.action = Action::remove;
  if (word == "start" || word == "delete") return {};
  return bad(fmt::format("unknown action `{}`: start or delete", word));
}

}  // namespace

std::vector<std::string_view> flag_names() {
  std::vector<std::string_view> names(kSwitches.begin(), kSwitches.end());
  for (const TextFlag& flag : kTextFlags) names.push_back(flag.name);
  return names;
}

Result<Arguments> parse_arguments(std::span<const char* const> arguments) {
  Arguments parsed;
  bool has_action = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view word = arguments[i];
    if (!word.starts_with('-')) {
      if (has_action) return bad(fmt::format("one argument too many: `{}`", word));
      TRY(take_action(parsed, word));
      has_action = true;
      continue;
    }
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) value = word.substr(equals + 1);
    if (TRY(take_switch(parsed, name, value.value_or("")))) continue;
    const auto* flag = std::find_if(kTextFlags.begin(), kTextFlags.end(),
                                    [&](const TextFlag& one) { return one.name == name; });
    if (flag == kTextFlags.end()) return bad(fmt::format("unknown flag `-{}`", name));
    if (!value && i + 1 == arguments.size()) return bad(fmt::format("`-{}` needs a value", name));
    parsed.*flag->value = value ? *value : std::string_view(arguments[++i]);
  }
  const bool acts = parsed.action == Action::start || parsed.action == Action::remove;
  if (!acts) return parsed;
  if (!has_action) return bad("an action is required: start or delete");
  if (parsed.id.empty() || parsed.name_space.empty()) return bad("-id and -namespace are required");
  // It becomes part of paths.
  if (parsed.id.find('/') != std::string::npos || parsed.id.starts_with('.')) {
    return bad(fmt::format("`{}` is no name of a container", parsed.id));
  }
  return parsed;
}

}  // namespace myrt::shim
