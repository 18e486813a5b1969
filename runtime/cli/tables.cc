#include "runtime/cli/tables.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "runtime/cli/values.h"

namespace myrt::cli {
namespace {

constexpr std::size_t kMinWidth = 12;
constexpr std::size_t kPadding = 3;

using Row = std::array<std::string_view, 6>;

// Continuation bytes of UTF-8 take no column of their own.
std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
  }));
}

// Calls `visit` with each row of the table. The texts live during the call only.
template <class Visit>
void visit_rows(std::span<const ContainerInfo> containers, Visit visit) {
  visit(Row{"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"});
  for (const ContainerInfo& container : containers) {
    const fmt::format_int pid(container.state.pid);
    visit(Row{container.state.id, std::string_view(pid.data(), pid.size()),
              oci::to_string(container.state.status), container.state.bundle,
              container.extras.created, container.extras.owner});
  }
}

void append_aligned(const Row& row, const std::array<std::size_t, 6>& widths, std::string& text) {
  for (std::size_t i = 0; i + 1 < row.size(); ++i) {
    text += row[i];
    text.append(widths[i] - display_width(row[i]), ' ');
  }
  text += row.back();  // nothing follows the last column, not even padding
  text += '\n';
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t start = line.find_first_not_of(" \t");
    if (start == std::string_view::npos) return fields;
    line.remove_prefix(start);
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    fields.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

Error unreadable(std::string_view what, std::string_view line) {
  return make_error(ErrorCode::invalid_argument,
                    fmt::format("{} in the output of ps: `{}`", what, line));
}

}  // namespace

// Twice over the containers rather than with a copy of every cell: there may be thousands.
std::string list_table(std::span<const ContainerInfo> containers) {
  std::array<std::size_t, 6> widths;
  widths.fill(kMinWidth);
  visit_rows(containers, [&](const Row& row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i]) + kPadding);
    }
  });
  std::string text;
  text.reserve((containers.size() + 1) *
               std::accumulate(widths.begin(), widths.end(), std::size_t{1}));
  visit_rows(containers, [&](const Row& row) { append_aligned(row, widths, text); });
  return text;
}

Result<std::string> filter_ps_output(std::string_view output, std::span<const pid_t> pids) {
  const std::string_view header = take_line(output);
  const auto titles = fields_of(header);
  const auto title = std::find(titles.begin(), titles.end(), "PID");
  if (title == titles.end()) return unreadable("no PID column", header);
  const bool is_last = title + 1 == titles.end();
  const auto column = static_cast<std::size_t>(title - titles.begin());

  std::string kept = fmt::format("{}\n", header);
  while (!output.empty()) {
    const std::string_view line = take_line(output);
    const auto fields = fields_of(line);
    if (fields.empty()) continue;
    if (column >= fields.size()) return unreadable("no process id", line);
    const auto pid = parse_unsigned(is_last ? fields.back() : fields[column]);
    if (!pid) return unreadable("no process id", line);
    if (std::binary_search(pids.begin(), pids.end(), static_cast<pid_t>(*pid))) {
      kept += fmt::format("{}\n", line);
    }
  }
  return kept;
}

std::string pids_json(std::span<const pid_t> pids) {
  return fmt::format("[{}]", fmt::join(pids, ","));
}

}  // namespace myrt::cli
