/* SPDX-License-Identifier: Apache-2.0 */
/* What a build with a sanitizer cannot show, because the sanitizer has it for itself. */
#ifndef FIRTH_TESTS_PORTS_SANITIZED_H
#define FIRTH_TESTS_PORTS_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__)
#define FIRTH_TEST_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define FIRTH_TEST_TSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIRTH_TEST_ASAN 1
#elif __has_feature(thread_sanitizer)
#define FIRTH_TEST_TSAN 1
#endif
#endif

#ifndef FIRTH_TEST_ASAN
#define FIRTH_TEST_ASAN 0
#endif
#ifndef FIRTH_TEST_TSAN
#define FIRTH_TEST_TSAN 0
#endif

/* Ends a test that needs faults to be the program's own; the last line before a skip is its reason. */
#define SKIP_IF_FAULTS_ARE_TAKEN()                                                                                     \
    do {                                                                                                               \
        if (FIRTH_TEST_ASAN || FIRTH_TEST_TSAN) {                                                                      \
            print_message("the sanitizer handles SIGSEGV itself\n");                                                   \
            skip();                                                                                                    \
        }                                                                                                              \
    } while (0)

#endif
