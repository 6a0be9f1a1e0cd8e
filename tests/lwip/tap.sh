# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A network namespace with nothing in it but a TAP device, the kernel at one side and lwIP at the other.

declare -A kernel=([ipv4]=10.9.8.1 [ipv6]=fd00:9::1)
declare -A lwip=([ipv4]=10.9.8.2 [ipv6]=fd00:9::2)
export FIRTH_LWIP_TAP="tap0 ${lwip[ipv4]}/24 ${lwip[ipv6]}"

# may_enter: true, or prints why not.
may_enter() {
    local tool
    for tool in unshare ip; do
        command -v $tool >/dev/null || {
            echo "$tool is not installed"
            return 1
        }
    done
    { [ -r /dev/net/tun ] && [ -w /dev/net/tun ]; } || {
        echo 'there is no TAP device that this user may open'
        return 1
    }
    unshare -n ip tuntap add dev tap0 mode tap >/dev/null 2>&1 || {
        echo 'network namespaces with a TAP device are not permitted'
        return 1
    }
}

# Addresses are the kernel's at once, without a look for others who have them.
make_network() {
    ip link set lo up
    ip tuntap add dev tap0 mode tap
    ip address add "${kernel[ipv4]}/24" dev tap0
    ip address add "${kernel[ipv6]}/64" dev tap0 nodad 2>/dev/null || true # where there is IPv6
    ip link set tap0 up
}
