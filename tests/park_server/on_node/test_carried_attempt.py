"""What a job on a node sees of the variables there."""

from __future__ import annotations

from park_server.on_node.carried_attempt import variables_of_job


def test_a_job_sees_what_its_queue_says_and_no_secret() -> None:
    found = variables_of_job(
        {
            "SLURM_JOB_ID": "7",
            "SLURMD_NODENAME": "n1",
            "CUDA_VISIBLE_DEVICES": "0",
            "PARK_NODE_TOKEN": "secret",
            "PARK_NODE_PATIENCE_S": "5",
            "AWS_SECRET": "x",
        }
    )
    assert found == {"SLURM_JOB_ID": "7", "SLURMD_NODENAME": "n1", "CUDA_VISIBLE_DEVICES": "0"}
