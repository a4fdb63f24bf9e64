# An update that fails is told, and that it was mended.
# shellcheck shell=bash disable=SC2154 # lib.sh stands in front
watch_by_hand
newer two 'exit 1'
offer two
! systemctl start rails-on-hetzner-docker-update.service || wrong "it succeeded"
begins 'docker=its last update failed: '
offer one
DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --allow-downgrades ./docker-one.deb >/dev/null 2>&1
systemctl start rails-on-hetzner-docker-update.service
ends docker
watch_by_timer
rm /etc/apt/sources.list.d/newer.list
echo PASSED
