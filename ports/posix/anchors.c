/* SPDX-License-Identifier: Apache-2.0 */
/* The roots that macOS trusts, from its Security framework (SecTrustCopyAnchorCertificates). It is loaded when it is asked
 * for, so that a program without TLS does not have it, and that a compiler without Apple's frameworks can build this. What
 * the user or an administrator has added to a keychain is not among them. Test: anchors_test, over frameworks of its own. */
#include "ports/posix/anchors.h"

#ifdef __APPLE__
#include <dlfcn.h>
#include <string.h>

#define PLACE "the Security framework"

/* The few functions of CoreFoundation and Security that it takes; all their references are pointers, CFIndex is a long and
 * OSStatus an int (CFBase.h). */
typedef struct frameworks {
    int (*copy_anchors)(const void **list);
    const void *(*copy_data)(const void *certificate);
    long (*count)(const void *list);
    const void *(*value_at)(const void *list, long i);
    const unsigned char *(*bytes)(const void *data);
    long (*length)(const void *data);
    void (*release)(const void *reference);
} frameworks;

/* By way of memory: C has no conversion from an object's pointer to a function's, and POSIX promises that it works. */
static bool find(void *library, const char *name, void *function)
{
    void *const found = library != NULL ? dlsym(library, name) : NULL;

    memcpy(function, &found, sizeof found);
    return found != NULL;
}

/* Never closed again: CoreFoundation cannot be unloaded. */
static bool load(frameworks *all)
{
    void *security = dlopen("/System/Library/Frameworks/Security.framework/Security", RTLD_LAZY | RTLD_LOCAL);
    void *foundation =
        dlopen("/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation", RTLD_LAZY | RTLD_LOCAL);

    return find(security, "SecTrustCopyAnchorCertificates", &all->copy_anchors) &&
           find(security, "SecCertificateCopyData", &all->copy_data) &&
           find(foundation, "CFArrayGetCount", &all->count) &&
           find(foundation, "CFArrayGetValueAtIndex", &all->value_at) &&
           find(foundation, "CFDataGetBytePtr", &all->bytes) && find(foundation, "CFDataGetLength", &all->length) &&
           find(foundation, "CFRelease", &all->release);
}

/* A copy, since it is the taker's to change, with a NUL behind it. */
static int show(const frameworks *all, const void *data, firth_port_take_authorities *take, void *argument)
{
    const size_t size = (size_t)all->length(data);
    unsigned char *copy = firth_port_allocate(size + 1);
    int found;

    if (copy == NULL)
        return FIRTH_ERR_NO_MEMORY;
    memcpy(copy, all->bytes(data), size);
    copy[size] = '\0';
    found = take(argument, PLACE, copy, size);
    firth_port_release(copy);
    return found;
}

int fth_port_anchors(firth_port_take_authorities *take, void *argument)
{
    frameworks all;
    const void *list = NULL;
    int found = 0, one = 0;

    if (!load(&all) || all.copy_anchors(&list) != 0 || list == NULL) {
        (void)take(argument, PLACE, NULL, 0);
        return false;
    }
    for (long i = 0; i < all.count(list) && one >= 0; i++) {
        const void *data = all.copy_data(all.value_at(list, i));

        if (data == NULL)
            continue;
        one = show(&all, data, take, argument);
        found |= one > 0;
        all.release(data);
    }
    all.release(list);
    return one < 0 ? one : found;
}
#else
int fth_port_anchors(firth_port_take_authorities *take, void *argument)
{
    (void)take;
    (void)argument;
    return false;
}
#endif
