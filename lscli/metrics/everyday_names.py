"""Names of metrics in other libraries, for hints. lscli accepts only its own ids, each of which has one definition."""

from __future__ import annotations

import re

from lscli.metrics.catalogue import FAMILIES, METRICS

# Each id with its names in other libraries, in lower case with underscores between words.
NAMES: dict[str, str] = {
    "loss_hard": "nll nll_loss negative_log_likelihood neg_log_likelihood ce ce_loss cross_entropy crossentropy xent "
    "cross_entropy_loss categorical_crossentropy sparse_categorical_crossentropy log_loss logloss hard_loss bce "
    "binary_cross_entropy binary_crossentropy mean_loss test_loss val_loss eval_loss log_score bits_per_token",
    "loss_uniform": "uniform_loss kl_uniform",
    "loss_smoothed": "smoothed_loss smooth_loss label_smoothing_loss smoothed_cross_entropy ls_loss smoothed_ce",
    "loss_floor": "floor target_entropy",
    "loss_excess": "excess excess_loss",
    "kl": "kld kl_div kl_divergence kullback_leibler",
    "js": "jsd jensen_shannon jensen_shannon_divergence",
    "mcnemar_p": "mcnemar mcnemar_test",
    "top1_agreement": "agreement same_top top_1_agreement",
    "perplexity": "ppl perplex",
    "accuracy": "acc top1 top_1 top1_acc top1_accuracy acc1 accuracy_score categorical_accuracy",
    "error": "err error_rate errors misclassification misclassification_rate top1_error zero_one_loss",
    "confidence_mean": "conf mean_confidence avg_confidence average_confidence mean_conf max_prob mean_max_prob msp",
    "confidence_gap": "overconfidence over_confidence underconfidence gap calibration_gap accuracy_gap",
    "entropy_mean": "entropy mean_entropy predictive_entropy avg_entropy average_entropy",
    "margin_mean": "margin mean_margin probability_margin",
    "label_prob_mean": "label_prob p_y true_class_probability",
    "logit_gap_mean": "logit_gap",
    "logit_margin_mean": "logit_margin",
    "max_logit_mean": "max_logit",
    "ece": "expected_calibration_error calibration_error ece_l1 l1_ece ece15 ece_15 multiclass_calibration_error",
    "ece_equal_mass": "adaece ada_ece adaptive_ece aece ace adaptive_calibration_error equal_mass_ece "
    "equal_frequency_ece eqm_ece ece_adaptive em_ece",
    "ece_sweep": "sweep_ece ece_sweep_em",
    "ece_null": "ece_noise ece_floor ece_baseline",
    "ece_p": "ece_pvalue ece_p_value p_ece pvalue p_value calibration_p calibration_pvalue calibration_test",
    "rmsce": "rms_ce rmsce_l2 rms_calibration_error root_mean_square_calibration_error l2_ece ece_l2 ece2",
    "rmsce_debiased": "ece_debiased debiased_ece dece debiased_rmsce debiased_l2_ece",
    "mce": "maximum_calibration_error max_calibration_error max_ece ece_max linf_ece",
    "smece": "smooth_ece smoothece sm_ece smooth_calibration_error",
    "ks_calibration": "ks ks_error ks_ce kolmogorov_smirnov ks_calibration_error",
    "spiegelhalter_z": "spiegelhalter z_score",
    "classwise_ece": "cece cwece cw_ece class_wise_ece classwise_calibration_error class_ece sce "
    "static_calibration_error static_ece mcece",
    "classwise_ece_max": "max_classwise_ece",
    "ece_marginal": "marginal_ece pooled_ece marginal_calibration_error ece_all_classes",
    "ece_canonical": "canonical_ece canonical_calibration_error full_ece multiclass_ece vector_ece joint_ece",
    "skce": "kce kernel_calibration_error squared_kernel_calibration_error skce_uq unbiasedskce unbiased_skce",
    "skce_p": "kernel_calibration_test skce_test asymptoticskcetest",
    "skce_linear": "skce_ul linear_skce blockunbiasedskce",
    "brier": "brier_score bs brier_loss brier_multi multiclass_brier quadratic_score mse mean_squared_error",
    "brier_half": "brier_score_loss half_brier binary_brier brier_binary",
    "brier_miscalibration": "reliability brier_reliability brier_calibration",
    "brier_discrimination": "resolution refinement brier_resolution brier_refinement",
    "brier_uncertainty": "uncertainty",
    "temperature": "temp best_temperature optimal_temperature temperature_scaling",
    "loss_hard_tempered": "nll_after_temperature_scaling nll_ts tempered_nll",
    "ece_tempered": "ece_after_temperature_scaling ece_ts tempered_ece",
    "refinement_loss": "refinement_error nll_refinement",
    "aurc": "aurc_score area_under_risk_coverage risk_coverage_auc",
    "eaurc": "e_aurc excess_aurc",
    "failure_auroc": "auroc_failure misclassification_auroc error_auroc auroc_error correctness_auroc auroc_correct",
    "risk_at_coverage": "risk selective_risk selective_error",
    "coverage_at_risk": "coverage",
    "eps_gap": "eps epsilon best_eps implied_eps",
    "gamma": "implied_smoothing",
}
_OTHER_NAMES = {name: metric_id for metric_id, names in NAMES.items() for name in names.split()}

_CLASSES, _SKLEARN = "lscli classes has it for each class", "scikit-learn has it: sklearn.metrics."
# What lscli eval does not compute, and where to find it.
ELSEWHERE: dict[str, str] = {
    **dict.fromkeys(("recall", "sensitivity", "precision", "support", "tpr"), _CLASSES),
    **dict.fromkeys(
        ("auroc", "auc", "roc_auc", "roc_auc_score", "rocauc"),
        f"{_SKLEARN}roc_auc_score; failure_auroc ranks right against wrong predictions",
    ),
    **dict.fromkeys(("f1", "f1_score", "macro_f1", "f1_macro", "micro_f1", "fscore"), f"{_SKLEARN}f1_score"),
    **dict.fromkeys(("aupr", "auprc", "pr_auc", "ap", "average_precision"), f"{_SKLEARN}average_precision_score"),
    **dict.fromkeys(("balanced_accuracy", "bacc", "mean_recall", "uar"), f"{_SKLEARN}balanced_accuracy_score"),
    **dict.fromkeys(("mcc", "matthews", "matthews_corrcoef"), f"{_SKLEARN}matthews_corrcoef"),
    **dict.fromkeys(("kappa", "cohen_kappa"), f"{_SKLEARN}cohen_kappa_score"),
    **dict.fromkeys(("confusion", "confusion_matrix"), f"{_SKLEARN}confusion_matrix"),
    **dict.fromkeys(("fpr", "fpr95", "fpr_at_95"), f"{_SKLEARN}roc_curve"),
    **dict.fromkeys(
        ("reliability_diagram", "calibration_curve", "reliability_curve", "bins"), "lscli bins prints its table"
    ),
    **dict.fromkeys(("platt", "platt_scaling"), "lscli recalibrate fits a map of the logits, such as a temperature"),
    **dict.fromkeys(
        ("bpb", "bpc", "bits_per_byte", "bits_per_character", "bits"),
        "loss_hard is in nats for each sample: divide it by ln 2 for bits",
    ),
}
# Top-k accuracies, by whatever name: top5, top-5-acc, acc@5, hits@5.
_TOP = re.compile(r"(?:top|acc|accuracy|acc_top|hits?|recall)[_@]*(?:at_)?([1-9]\d{0,17})(?:_?acc(?:uracy)?)?")


def meant(word: str) -> str:
    """A hint for the name of a metric in another library: what to type instead. Empty for an unknown name."""
    name = re.sub(r"[\s-]+", "_", word.strip().lower())
    top = _TOP.fullmatch(name)
    if top:
        return _did_you_mean("accuracy" if top[1] == "1" else f"top{top[1]}_accuracy")
    # A number may follow as the number of bins or an amount, such as in `ECE@15`.
    name = name.partition("@")[0]
    if name in METRICS or name in FAMILIES or name in ("default", "all"):
        return _did_you_mean(name)
    if name in _OTHER_NAMES:
        return _did_you_mean(_OTHER_NAMES[name])
    return ELSEWHERE.get(name, "")


def _did_you_mean(metric_id: str) -> str:
    return f"did you mean {metric_id!r}?"
