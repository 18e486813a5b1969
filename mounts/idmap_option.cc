#include "mounts/idmap_option.h"

#include <array>
#include <charconv>

namespace myrt::mounts {
namespace {

constexpr std::string_view kForm = "expected uids=ID-ID-SIZE#...;gids=ID-ID-SIZE#...";

Error malformed(const std::string& pointer, std::string_view text) {
  return config_error(pointer, fmt::format("idmap: `{}`: {}", text, kForm));
}

// Takes everything up to `separator` or the end.
std::string_view take(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
}

std::optional<std::uint32_t> parse_id(std::string_view text) {
  std::uint32_t id = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, id);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return id;
}

std::optional<OptionIdMapping> parse_triplet(std::string_view text) {
  OptionIdMapping mapping;
  if (text.starts_with('@')) {
    mapping.relative = true;
    text.remove_prefix(1);
  }
  std::array<std::uint32_t, 3> numbers = {};
  for (std::uint32_t& number : numbers) {
    const auto id = parse_id(take(text, '-'));
    if (!id) return std::nullopt;
    number = *id;
  }
  const auto [inside, shown, size] = numbers;
  constexpr std::uint32_t kLast = ~std::uint32_t{0};
  if (!text.empty() || size == 0 || inside > kLast - size || shown > kLast - size) {
    return std::nullopt;
  }
  mapping.mapping = {inside, shown, size};
  return mapping;
}

}  // namespace

Result<> parse_idmap_option(std::string_view text, const std::string& pointer,
                            ParsedOptions& parsed) {
  parsed.uid_mappings.clear();  // a later word wins
  parsed.gid_mappings.clear();
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view list = take(rest, ';');
    const std::string_view name = take(list, '=');
    if (name != "uids" && name != "gids") return malformed(pointer, text);
    auto& mappings = name == "uids" ? parsed.uid_mappings : parsed.gid_mappings;
    while (!list.empty()) {
      const auto mapping = parse_triplet(take(list, '#'));
      if (!mapping) return malformed(pointer, text);
      mappings.push_back(*mapping);
    }
  }
  if (parsed.uid_mappings.empty() || parsed.gid_mappings.empty()) return malformed(pointer, text);
  return {};
}

Result<std::vector<oci::IdMapping>> resolve(const std::vector<OptionIdMapping>& mappings,
                                            const std::vector<oci::IdMapping>& container_mappings,
                                            const std::string& pointer) {
  std::vector<oci::IdMapping> resolved;
  for (const OptionIdMapping& entry : mappings) {
    oci::IdMapping mapping = entry.mapping;
    if (entry.relative) {
      const oci::IdMapping* range = nullptr;
      for (const oci::IdMapping& known : container_mappings) {
        if (mapping.host_id < known.container_id) continue;
        const std::uint32_t offset = mapping.host_id - known.container_id;
        if (offset < known.size && mapping.size <= known.size - offset) range = &known;
      }
      if (range == nullptr) {
        return config_error(pointer,
                            fmt::format("idmap: `@{}-{}-{}` is not within one range of the "
                                        "container's user namespace",
                                        mapping.container_id, mapping.host_id, mapping.size));
      }
      mapping.host_id = range->host_id + (mapping.host_id - range->container_id);
    }
    resolved.push_back(mapping);
  }
  return resolved;
}

}  // namespace myrt::mounts
