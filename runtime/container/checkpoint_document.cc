#include "runtime/container/checkpoint_document.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace myrt::container {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;
constexpr int kStreams = 3;
constexpr std::array<std::string_view, 3> kKinds = {"mount", "device", "mask"};

Error damaged(std::string_view name, std::string_view what) {
  return make_error(ErrorCode::invalid_argument, fmt::format("`{}`: {:.200}", name, what));
}

Result<SourceKind> parse_kind(const std::string& word) {
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds[i] == word) return static_cast<SourceKind>(i);
  }
  return damaged(kDocumentName, fmt::format("unknown kind `{}`", word));
}

// A key goes into "mnt[KEY]:PATH".
bool is_key(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

bool is_clean_path_below(const std::string& path) {
  if (path.empty()) return true;
  if (path[0] != '/' || path.ends_with('/') || path.find('\0') != std::string::npos) return false;
  return path.find("//") == std::string::npos && (path + "/").find("/./") == std::string::npos &&
         (path + "/").find("/../") == std::string::npos;
}

Result<KeyedMount> parse_mount(const Json& json) {
  KeyedMount mount;
  mount.key = json.at("key").get<std::string>();
  mount.kind = TRY(parse_kind(json.at("kind").get<std::string>()));
  mount.index = json.at("index").get_ref<const Json::number_unsigned_t&>();
  mount.destination = json.at("destination").get<std::string>();
  mount.below = json.at("below").get<std::string>();
  if (!is_key(mount.key)) return damaged(kDocumentName, "a key is no hexadecimal number");
  if (!is_clean_path_below(mount.below)) {
    return damaged(kDocumentName, fmt::format("`{}` is no path below a mount", mount.below));
  }
  return mount;
}

Result<KeyedStream> parse_stream(const Json& json) {
  KeyedStream stream{json.at("fd").get<int>(), json.at("key").get<std::string>()};
  if (stream.fd < 0 || stream.fd >= kStreams || !stream.key.starts_with("file[")) {
    return damaged(kDocumentName, "a stream is no file of the host");
  }
  return stream;
}

Result<CheckpointDocument> parse(const Json& json) {
  if (json.at("version") != kVersion) {
    return damaged(kDocumentName,
                   fmt::format("version {} is not {}", json.at("version").dump(), kVersion));
  }
  CheckpointDocument document;
  for (const Json& entry : json.at("externalMounts").get_ref<const Json::array_t&>()) {
    document.mounts.push_back(TRY(parse_mount(entry)));
  }
  for (const Json& entry : json.at("streams").get_ref<const Json::array_t&>()) {
    document.streams.push_back(TRY(parse_stream(entry)));
  }
  return document;
}

}  // namespace

std::string to_json(const CheckpointDocument& document) {
  Json mounts = Json::array();
  for (const KeyedMount& mount : document.mounts) {
    mounts.push_back({{"key", mount.key},
                      {"kind", kKinds[static_cast<std::size_t>(mount.kind)]},
                      {"index", mount.index},
                      {"destination", mount.destination},
                      {"below", mount.below}});
  }
  Json streams = Json::array();
  for (const KeyedStream& stream : document.streams) {
    streams.push_back({{"fd", stream.fd}, {"key", stream.key}});
  }
  const Json json = {{"version", kVersion},
                     {"externalMounts", std::move(mounts)},
                     {"streams", std::move(streams)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

Result<CheckpointDocument> parse_checkpoint_document(std::string_view text) {
  try {
    return parse(Json::parse(text));
  } catch (const Json::exception& exception) {
    return damaged(kDocumentName, exception.what());
  }
}

std::string to_json(const Descriptors& descriptors) {
  return Json(descriptors).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Descriptors> parse_descriptors(std::string_view text) {
  try {
    auto descriptors = Json::parse(text).get<Descriptors>();
    if (descriptors.size() > kStreams) return damaged(kDescriptorsName, "too many streams");
    return descriptors;
  } catch (const Json::exception& exception) {
    return damaged(kDescriptorsName, exception.what());
  }
}

}  // namespace myrt::container
