// oneDNN's side of the Java benchmarks: io.conv4j.benchmarks.OneDnn's native methods. Loops and takes the time here, so
// that nothing of Java is in it.
#include <jni.h>

#include <algorithm>
#include <exception>
#include <vector>

#include "bench/onednn.h"
#include "bench/timing.h"

using conv4j::bench::OneDnnChoice;
using conv4j::bench::StandardConvolution;

namespace {

template <typename Body>
auto guarded(JNIEnv* env, const Body& body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::exception& e) {
    env->ThrowNew(env->FindClass("java/lang/IllegalStateException"), e.what());
    return {};
  }
}

StandardConvolution& of(jlong handle) { return *reinterpret_cast<StandardConvolution*>(handle); }

}  // namespace

extern "C" {

JNIEXPORT jlong JNICALL Java_io_conv4j_benchmarks_OneDnn_create(JNIEnv* env, jclass, jlongArray geometry, jlong pass,
                                                                jint threads, jint layouts, jboolean deconvolution) {
  return guarded(env, [&] {
    c4j_geometry g = {};
    const jsize fields = std::min(env->GetArrayLength(geometry), static_cast<jsize>(sizeof g / sizeof(jlong)));
    env->GetLongArrayRegion(geometry, 0, fields, reinterpret_cast<jlong*>(&g));
    const OneDnnChoice choice = {static_cast<OneDnnChoice::Layouts>(layouts), true, deconvolution != JNI_FALSE};
    return reinterpret_cast<jlong>(new StandardConvolution(g, pass, threads, choice));
  });
}

JNIEXPORT jstring JNICALL Java_io_conv4j_benchmarks_OneDnn_implementation(JNIEnv* env, jclass, jlong handle) {
  return env->NewStringUTF(of(handle).implementation().c_str());
}

JNIEXPORT jfloatArray JNICALL Java_io_conv4j_benchmarks_OneDnn_numbers(JNIEnv* env, jclass, jlong handle,
                                                                       jint operand) {
  return guarded(env, [&] {
    const std::vector<float> numbers = of(handle).numbers(operand);
    const auto count = static_cast<jsize>(numbers.size());
    const jfloatArray array = env->NewFloatArray(count);
    if (array != nullptr) env->SetFloatArrayRegion(array, 0, count, numbers.data());
    return array;
  });
}

// Seconds of so many calls.
JNIEXPORT jdouble JNICALL Java_io_conv4j_benchmarks_OneDnn_run(JNIEnv* env, jclass, jlong handle, jint calls,
                                                               jboolean thread_time) {
  return guarded(env, [&] {
    const clockid_t clock = thread_time ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
    const double begin = conv4j::bench::now(clock);
    for (jint call = 0; call < calls; ++call) of(handle).run();
    return conv4j::bench::now(clock) - begin;
  });
}

JNIEXPORT void JNICALL Java_io_conv4j_benchmarks_OneDnn_destroy(JNIEnv*, jclass, jlong handle) { delete &of(handle); }

}  // extern "C"
