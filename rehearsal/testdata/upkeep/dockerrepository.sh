# A repository with newer versions of Docker: Debian's own package, its version
# shellcheck shell=bash disable=SC2164 # lib.sh stands in front, and ends it where a command fails
# raised. One has a script that fails.
mkdir -p /root/repository
cd /root/repository
[[ -e docker.io.deb ]] || {
    apt-get -qq download docker.io 2>/dev/null
    mv docker.io_*.deb docker.io.deb
}

# newer VERSION COMMAND is the package with a higher version, and a command in front of its last script.
newer() {
    rm -rf /root/unpacked
    dpkg-deb -R docker.io.deb /root/unpacked
    sed -i "s/^Version: .*/&+$1/" /root/unpacked/DEBIAN/control
    sed -i "1a $2" /root/unpacked/DEBIAN/postinst
    dpkg-deb -Znone -b /root/unpacked "docker-$1.deb" >/dev/null
}

offer() {
    {
        dpkg-deb -f "docker-$1.deb"
        printf 'Filename: ./docker-%s.deb\nSize: %d\nSHA256: %s\n' "$1" "$(stat -c %s "docker-$1.deb")" "$(sha256sum <"docker-$1.deb" | cut -d ' ' -f 1)"
    } >Packages
    echo 'deb [trusted=yes] file:/root/repository ./' >/etc/apt/sources.list.d/newer.list
}
