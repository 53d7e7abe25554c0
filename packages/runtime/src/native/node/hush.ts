/** A tiny addon of our own. */
export interface Hush {
  /** From now on what is written to stderr, by whatever part of the process, is lost. */
  begin(): void
  end(): void
}

/**
 * TensorFlow tells about itself on stderr while it is being loaded, before it heeds TF_CPP_MIN_LOG_LEVEL. JavaScript cannot
 * hold a file descriptor back, so a few lines of C++ do, for that moment.
 */
export const hushSource = `
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

static int kept = -1;

static napi_value Begin(napi_env, napi_callback_info) {
  int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (kept < 0 && nowhere >= 0) {
    kept = fcntl(2, F_DUPFD_CLOEXEC, 3);
    if (kept >= 0) dup2(nowhere, 2);
  }
  if (nowhere >= 0) close(nowhere);
  return nullptr;
}

static napi_value End(napi_env, napi_callback_info) {
  if (kept >= 0) {
    dup2(kept, 2);
    close(kept);
    kept = -1;
  }
  return nullptr;
}

NAPI_MODULE_INIT() {
  napi_value begin, end;
  napi_create_function(env, "begin", NAPI_AUTO_LENGTH, Begin, nullptr, &begin);
  napi_create_function(env, "end", NAPI_AUTO_LENGTH, End, nullptr, &end);
  napi_set_named_property(env, exports, "begin", begin);
  napi_set_named_property(env, exports, "end", end);
  return exports;
}
`

/** Runs the work in silence. */
export function hushed<R>(hush: Hush, work: () => R): R {
  hush.begin()
  try {
    return work()
  } finally {
    hush.end()
  }
}
