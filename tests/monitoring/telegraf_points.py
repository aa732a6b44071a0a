"""Points as Telegraf's inputs write them: names, tags and types of the inputs' documentation.

Telegraf itself is not among the packages that tests may take; its own documentation of each
input has these measurements.
"""

GPU = (
    'nvidia_smi,compute_mode=Default,host={host},index={gpu},name=Tesla\\ P100-PCIE-16GB,'
    "pstate=P0,uuid=GPU-{host}-{gpu} clocks_current_graphics=1328i,clocks_current_memory=715i,"
    "clocks_current_sm=1328i,clocks_current_video=1189i,memory_free=9000i,"
    "memory_total=16280i,memory_used={memory}i,power_draw=161.5,temperature_gpu=54i,"
    "utilization_gpu={busy}i,utilization_memory=31i {ns}"
)
HOST = (
    "cpu,cpu=cpu-total,host={host} usage_guest=0,usage_idle=61.5,usage_iowait=0.5,usage_irq=0,"
    "usage_nice=0,usage_softirq=0.5,usage_steal=0,usage_system=4.5,usage_user=33 {ns}",
    "mem,host={host} active=1000i,available=90000i,buffered=10i,cached=100i,free=8000i,"
    "total=100000i,used=9990i,used_percent=9.99 {ns}",
    "system,host={host} load1=3.5,load5=2.25,load15=1,n_cpus=24i,n_users=1i {ns}",
    "system,host={host} uptime=86400i {ns}",
    "net,host={host},interface=ens5f0 bytes_recv={bytes}i,bytes_sent={bytes}i,drop_in={few}i,"
    "drop_out=0i,err_in=0i,err_out=0i,packets_recv={few}i,packets_sent={few}i {ns}",
    "disk,device=sda1,fstype=ext4,host={host},mode=rw,path=/ free=10i,inodes_free=1i,"
    "inodes_total=2i,inodes_used=1i,total=30i,used=20i,used_percent=66.6 {ns}",
    "infiniband,device=mlx5_0,host={host},port=1 link_downed=0i,port_rcv_data={bytes}i,"
    "port_rcv_errors=0i,port_xmit_data={bytes}i,port_xmit_wait={few}i,symbol_error=0i {ns}",
)


def telegraf_points(now_ns, hosts=("chifflot-1", "chifflot-2"), samples=30, seconds=10):
    """Lines of the last `samples` reports, every `seconds`, of hosts with two GPUs each."""
    lines = []
    for host in hosts:
        for sample in range(samples):
            values = {
                "host": host,
                "ns": now_ns - (samples - sample) * seconds * 10**9,
                "bytes": 10**9 + sample * 10**7,
                "few": 100 + sample,
            }
            lines += [line.format(**values) for line in HOST]
            for gpu in range(2):
                busy, memory = 50 + gpu + sample, 7000 + sample
                lines.append(GPU.format(gpu=gpu, busy=busy, memory=memory, **values))
    return lines
