// What the options of checkpoint and restore become for the library. That CRIU gets it:
// tests/unit/runtime/criu.
#include "runtime/cli/criu_options.h"

#include <unistd.h>

#include "tests/support/catch.h"
#include "tests/unit/runtime/cli/command_line_of.h"

using namespace myrt;
using namespace myrt::cli;
using myrt::test::ParsedWords;

namespace {

CheckpointOptions checkpoint_of(std::initializer_list<const char*> words) {
  const ParsedWords parsed(words);
  REQUIRE_FALSE(parsed.line.error);
  return checkpoint_options(parsed.line, Environment()).value();
}

RestoreOptions restore_of(std::initializer_list<const char*> words) {
  const ParsedWords parsed(words);
  REQUIRE_FALSE(parsed.line.error);
  return restore_options(parsed.line, Environment(), Personality()).value();
}

}  // namespace

TEST_CASE("every option of checkpoint is a field of what the library is asked for", "[cli]") {
  const CheckpointOptions none = checkpoint_of({"checkpoint", "web1"});
  CHECK(none.id == "web1");
  CHECK(none.criu.image_path.ends_with("/checkpoint"));
  CHECK(none.criu.work_path.empty());
  CHECK(none.leave_running == Switch::off);
  CHECK(none.criu.lazy_pages == Switch::off);
  CHECK_FALSE(none.status_fd);

  const CheckpointOptions all = checkpoint_of({"checkpoint",
                                               "--image-path",
                                               "/i",
                                               "--work-path",
                                               "/w",
                                               "--parent-path",
                                               "../parent",
                                               "--leave-running",
                                               "--tcp-established",
                                               "--tcp-skip-in-flight",
                                               "--ext-unix-sk",
                                               "--link-remap",
                                               "--shell-job",
                                               "--lazy-pages",
                                               "--status-fd",
                                               "2",
                                               "--page-server",
                                               "127.0.0.1:27",
                                               "--file-locks",
                                               "--pre-dump",
                                               "--manage-cgroups-mode",
                                               "strict",
                                               "--empty-ns",
                                               "network",
                                               "--auto-dedup",
                                               "--network-lock",
                                               "skip",
                                               "web1"});
  CHECK(all.criu.image_path == "/i");
  CHECK(all.criu.work_path == "/w");
  CHECK(all.parent_path == "../parent");
  CHECK(all.page_server == "127.0.0.1:27");
  CHECK(all.status_fd == STDERR_FILENO);
  CHECK(all.criu.manage_cgroups_mode == "strict");
  CHECK(all.criu.network_lock == "skip");
  CHECK(all.criu.empty_namespaces == std::vector<std::string>{"network"});
  for (const Switch on :
       {all.leave_running, all.pre_dump, all.tcp_skip_in_flight, all.criu.tcp_established,
        all.criu.external_unix_sockets, all.criu.link_remap, all.criu.shell_job,
        all.criu.lazy_pages, all.criu.file_locks, all.criu.auto_dedup}) {
    CHECK(on == Switch::on);
  }
}

TEST_CASE("every option of restore is a field of what the library is asked for", "[cli]") {
  const RestoreOptions none = restore_of({"restore", "web1"});
  CHECK(none.create.id == "web1");
  CHECK(none.detach == Switch::off);
  CHECK(none.subreaper == Switch::on);
  CHECK(none.create.pivot == Switch::on);

  const RestoreOptions all = restore_of({"restore",
                                         "--image-path",
                                         "/i",
                                         "--work-path",
                                         "/w",
                                         "--parent-path",
                                         "../p",
                                         "--bundle",
                                         "/b",
                                         "--console-socket",
                                         "/c",
                                         "--pid-file",
                                         "/p",
                                         "--detach",
                                         "--no-subreaper",
                                         "--no-pivot",
                                         "--tcp-established",
                                         "--tcp-close",
                                         "--ext-unix-sk",
                                         "--link-remap",
                                         "--shell-job",
                                         "--file-locks",
                                         "--auto-dedup",
                                         "--lazy-pages",
                                         "--manage-cgroups-mode",
                                         "soft",
                                         "--empty-ns",
                                         "network",
                                         "--lsm-profile",
                                         "apparmor:p",
                                         "--lsm-mount-context",
                                         "c",
                                         "--network-lock",
                                         "nftables",
                                         "web1"});
  CHECK(all.criu.image_path == "/i");
  CHECK(all.criu.work_path == "/w");
  CHECK(all.create.bundle == "/b");
  CHECK(all.create.io.console_socket == "/c");
  CHECK(all.create.io.pid_file == "/p");
  CHECK(all.create.pivot == Switch::off);
  CHECK(all.detach == Switch::on);
  CHECK(all.subreaper == Switch::off);
  CHECK(all.criu.manage_cgroups_mode == "soft");
  CHECK(all.criu.empty_namespaces == std::vector<std::string>{"network"});
  CHECK(all.lsm_profile == "apparmor:p");
  CHECK(all.lsm_mount_context == "c");
  CHECK(all.criu.network_lock == "nftables");
  for (const Switch on : {all.tcp_close, all.criu.tcp_established, all.criu.external_unix_sockets,
                          all.criu.link_remap, all.criu.shell_job, all.criu.file_locks,
                          all.criu.auto_dedup, all.criu.lazy_pages}) {
    CHECK(on == Switch::on);
  }
}

TEST_CASE("a parent path is relative, and the status fd open", "[cli]") {
  const ParsedWords absolute({"checkpoint", "--parent-path", "/p", "x"});
  CHECK_FALSE(checkpoint_options(absolute.line, Environment()).ok());
  const ParsedWords closed({"checkpoint", "--status-fd", "987654", "x"});
  CHECK_FALSE(checkpoint_options(closed.line, Environment()).ok());
}
